"""Lines: one serial port or VISA session each, with the instruments on it, its clock, mailbox, lease and trace.

The same blocking driver code runs in a thread over a real port and in a greenlet over an emulated one (`runner.py`).
Orders come through a mailbox in which the newest wins and "off" goes first; every completed scan renews each line's
lease, and a line whose lease has lapsed sends its safe command once and then nothing at all, so that the instruments'
own watchdogs can do their work.
"""
