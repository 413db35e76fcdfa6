"""What the API shows of each noun, one module each."""
