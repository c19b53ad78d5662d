-- One row per version of a dossier, as a VNPT iGate system reports it.
{{ dossier_versions(source('raw', 'igate_dossiers')) }}
