"""Certificates of the tests' own, made with the openssl program.

    authority = Authority(folder, "test CA")
    server = authority.issue("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")     server.cert, server.key, authority.cert
"""

import os
import shutil
import subprocess
import types

import pytest


def openssl(*arguments):
    path = shutil.which("openssl")
    if not path:
        pytest.skip("openssl is not installed")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


class Authority:
    def __init__(self, folder, name):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.cert, self.key = self.path("ca.pem"), self.path("ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", self.key, "-out", self.cert)

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, subject, alternative="", algorithm=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), digest="sha256", days=2):
        """NAME.pem and NAME.key, for servers and clients."""
        made = types.SimpleNamespace(cert=self.path(f"{name}.pem"), key=self.path(f"{name}.key"))
        request, extensions = self.path(f"{name}.csr"), self.path(f"{name}.ext")
        openssl("req", "-new", "-newkey", *algorithm, "-nodes", "-subj", subject, "-keyout", made.key, "-out", request)
        with open(extensions, "w", encoding="ascii") as file:
            file.write("basicConstraints=CA:FALSE\n" + (f"subjectAltName={alternative}\n" if alternative else ""))
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-days", str(days), f"-{digest}",
                "-extfile", extensions, "-out", made.cert)
        os.chmod(made.key, 0o600)
        return made
