"""What the portal's users see; one module per page or action."""
