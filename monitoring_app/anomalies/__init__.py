"""What is unusual about what was measured: judged by what came before, written down, and labelled by people."""
