"""The tenants' own part: accounts, set-up requests, and the JSON for it."""
