-- One row a version of a dossier, as a VNPT iGate system tells it.
{{ dossier_versions(source('raw', 'igate_dossiers')) }}
