"""The QĐ 766 index: the scoring rules as the national portal applies them, and the check of its recorded answers."""
