"""For all tests: whoever starts them in the background may have had Ctrl-C ignored, which every process below would inherit."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
