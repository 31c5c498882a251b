import os
import sys
from dataclasses import replace

from codex_lb import app, settings

read, _ = settings.load(os.environ)
if "--port" in sys.argv:
    read = replace(read, port=int(sys.argv[sys.argv.index("--port") + 1]))
app.run(read)
