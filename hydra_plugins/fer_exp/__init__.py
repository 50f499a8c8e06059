"""What adapts Hydra: launchers, the sweeper, and how the configs of jobs are composed.

Hydra looks for plugins here, and executes each module anew that does not begin with `_`: what must be there
once only, as a base class or a constant, lies in one that does.
"""
