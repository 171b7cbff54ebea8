"""Whether this host can run flowhqd, told as findings that each say what to do."""
