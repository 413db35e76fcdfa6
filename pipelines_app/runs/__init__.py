"""The lifecycle of runs: queue, plan, claim, execute, publish, recover."""
