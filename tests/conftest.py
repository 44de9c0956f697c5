"""What holds for every test, wherever the tests were started."""

from __future__ import annotations

import signal

# A shell starts what it puts into the background with SIGINT ignored, and every child inherits that. Then the
# tests that interrupt a run would wait for good.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
