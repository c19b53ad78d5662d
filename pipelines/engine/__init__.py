"""The relations with one row per dossier on an engine of many machines, where `HATINH_ENGINE` names one."""
