"""A WhatsApp Web session: typed events in, commands out. All that knows WhatsApp's inside is here
and in ``web/bridge``."""
