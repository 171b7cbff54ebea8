"""One daemon that answers WhatsApp for hundreds of small businesses."""

__version__ = "0.1.0"
