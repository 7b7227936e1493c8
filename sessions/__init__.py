"""What writes events: one module per kind of session, and a generator of sample activity.

Each module stands alone. Import the one you need, for example :mod:`sessions.sample`.
"""
