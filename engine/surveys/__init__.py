"""The survey: clean against adversarial pictures over a whole folder, resumable and shardable.

`experiment` says what there is to do, `work` does it for a few pictures (`attacking` them, then
`explaining`), `run_folder` keeps it, `execution` drives it as a generator, `detectors` and
`findings` say what it means, `report` and `compare` write it down. `processes` and `on_ray` share
the work out, `upgrade` reads runs of version 2, `thresholds` keeps what the explorer is told.
"""
