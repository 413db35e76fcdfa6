"""The parts of `bench.events`: each measures one thing on the installation it is given, and adds to the report."""
