"""What browsers see; one module per page or action."""
