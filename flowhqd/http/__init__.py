"""The HTTP server: the admin's JSON and pages, and health for machines."""
