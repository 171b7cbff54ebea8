"""The JSON of every path; one module per noun."""
