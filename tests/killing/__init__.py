"""The platform is killed while it works, again and again, and must lose nothing and do nothing twice."""
