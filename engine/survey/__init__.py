"""The survey: clean against adversarial pictures over a whole folder, resumable and shardable.

`plan` says what there is to do, `items` does it for a few pictures, `rundir` keeps it, `run`
drives all of it as a generator, `detectors` and `findings` say what it means, `report` and
`compare` write it down. `devices` and `on_ray` share the work out.
"""
