"""The page and the API behind it: sessions started, watched and commanded over HTTP. Needs ``pip install 'outrider[web]'``."""
