"""Stage, protect, describe, verify, flip: releases that are whole or not there; rollback and retention."""
