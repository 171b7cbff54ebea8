"""A WhatsApp Web stand-in: servers, phones and a page whose inside the bridge can drive."""

from __future__ import annotations

from flowhqd.simulator.customer import Customer, Delivered
from flowhqd.simulator.errors import CodeRejected, QrRejected
from flowhqd.simulator.options import SimulatorOptions
from flowhqd.simulator.page import Page
from flowhqd.simulator.phone import Phone
from flowhqd.simulator.server import Simulator

__all__ = [
    "CodeRejected",
    "Customer",
    "Delivered",
    "Page",
    "Phone",
    "QrRejected",
    "Simulator",
    "SimulatorOptions",
]
