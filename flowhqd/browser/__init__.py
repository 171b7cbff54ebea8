"""Chromium processes over a pipe, with one on-disk profile for each tenant."""
