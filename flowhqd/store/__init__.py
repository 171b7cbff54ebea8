"""PostgreSQL: what flowhqd keeps, and the only place that talks to the database."""
