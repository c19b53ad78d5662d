"""From checks to one verdict per target. The only package that imports Great Expectations."""
