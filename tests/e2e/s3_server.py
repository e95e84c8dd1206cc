"""An object store for the end-to-end tests: gofakes3, which speaks the protocol of S3 and keeps everything in memory. An emulator, as no
registry has a store that others run. Built once by Go from its module proxy, kept in build/cache.

    with S3Server() as store:
        print(store.url(), store.bucket)"""

import html
import os
import re
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request

import proxy as proxy_module
import servers

VERSION = "v1.2.0"
FOLDER = os.path.join(proxy_module.ROOT, "build", "cache", f"gofakes3-{VERSION}")
BUILD = 180  # seconds


def program():
    path = os.path.join(FOLDER, "gofakes3")
    if os.path.exists(path):
        return path
    if not shutil.which("go"):
        raise servers.Unavailable("Go is not installed, which builds the object store (gofakes3)")
    making = f"{FOLDER}.{os.getpid()}"
    os.makedirs(making, exist_ok=True)
    try:
        done = subprocess.run(["go", "install", f"github.com/johannesboyne/gofakes3/cmd/gofakes3@{VERSION}"], env={**os.environ, "GOBIN": making, "GOFLAGS": "-mod=mod"},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD, check=False)
    except subprocess.TimeoutExpired:
        raise servers.Unavailable(f"gofakes3 {VERSION} is not built in {BUILD} s") from None
    if done.returncode != 0 or not os.path.exists(os.path.join(making, "gofakes3")):
        raise servers.Unavailable(f"gofakes3 {VERSION} cannot be had: {done.stderr[-300:]}")
    try:
        os.rename(making, FOLDER)
    except OSError:  # another process was first
        shutil.rmtree(making)
    return path


class S3Server(servers.Server):
    """One bucket; who asks is not asked who they are."""

    name = "s3"
    bucket = "spooling"

    def start(self):
        command = program()
        self.make_dir()
        try:
            with open(self.path("server.log"), "ab") as log:
                self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", command, "-backend", "memory", "-host", f"127.0.0.1:{self.port}", "-initialbucket", self.bucket],
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir, start_new_session=True)
            self.wait_until(self.works, 30)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        self.end_process(signal.SIGKILL)
        super().stop()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def works(self):
        try:
            with urllib.request.urlopen(f"{self.url()}/{self.bucket}/", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def objects(self):
        """How many there are."""
        with urllib.request.urlopen(f"{self.url()}/{self.bucket}/", timeout=10) as answer:
            return answer.read().count(b"<Key>")

    def clear(self):
        """Removes them all."""
        with urllib.request.urlopen(f"{self.url()}/{self.bucket}/", timeout=10) as answer:
            keys = re.findall(r"<Key>([^<]+)</Key>", answer.read().decode())
        for key in keys:
            request = urllib.request.Request(f"{self.url()}/{self.bucket}/{urllib.parse.quote(html.unescape(key))}", method="DELETE")
            urllib.request.urlopen(request, timeout=10).close()
