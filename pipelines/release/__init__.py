"""Stage, protect, describe, verify, flip: releases are published completely or not at all; rollback and retention."""
