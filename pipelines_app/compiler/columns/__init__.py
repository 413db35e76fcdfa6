"""Which columns the columns of a statement come from, and in what way: one pass from the leaves up."""
