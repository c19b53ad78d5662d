"""From checks to a verdict a target. The only room that imports Great Expectations."""
