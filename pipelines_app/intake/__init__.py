"""What starts things: arrivals, webhooks, datasets published, deadlines."""
