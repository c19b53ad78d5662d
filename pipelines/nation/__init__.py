"""The nation: the provinces' releases united into one release, each row with the code of its province."""
