"""A hand-written server of Trino's statement protocol, for what a real Trino does not do when asked: answer 503, send garbage,
a gzip bomb, pages without end, go silent. It runs no SQL; a test gives it the answers. What a real Trino does is tested with a
real one (test_trino.py)."""

import gzip
import http.server
import json
import threading

STATS = {"state": "RUNNING", "queued": False, "scheduled": True, "nodes": 1, "totalSplits": 1, "queuedSplits": 0, "runningSplits": 0,
         "completedSplits": 1, "cpuTimeMillis": 3, "wallTimeMillis": 5, "queuedTimeMillis": 0, "elapsedTimeMillis": 9, "processedRows": 7,
         "processedBytes": 70, "physicalInputBytes": 0, "peakMemoryBytes": 100, "spilledBytes": 0}
BIGINT = [{"name": "n", "type": "bigint", "typeSignature": {"rawType": "bigint", "arguments": []}}]


class Answer:
    """What one request gets: a status, a body (a dictionary is JSON), headers."""

    def __init__(self, body=b"", status=200, headers=None, packed=False, endless=False):  # endless: its end is that of the connection
        self.endless = endless
        self.body = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        self.status = status
        self.headers = dict(headers or {})
        if packed:
            self.body = packed if isinstance(packed, bytes) else gzip.compress(self.body)
            self.headers["Content-Encoding"] = "gzip"


class Contract:
    """`pages(path, count)` says what a GET of a link gets, the count-th of its kind: an Answer, a dictionary merged into a page,
    or None to hold it until the end. `posts(count)` the same for a POST, `deletes(count)` the Answer of a DELETE, `heads(count)` of a HEAD.
    The statement "SELECT 1" of the health checks always works."""

    def __init__(self, pages=None, posts=None, info=None, deletes=None, heads=None):
        self.pages = pages or (lambda path, count: {"columns": BIGINT, "data": [[1]]})
        self.posts = posts or (lambda count: {})
        self.heads = heads or (lambda count: Answer(b""))
        self.deletes = deletes or (lambda count: Answer(b"", 204))
        self.info = info or (lambda: {"nodeVersion": {"version": "476"}, "environment": "contract", "coordinator": True, "starting": False})
        self.requests = []  # (method, path, headers, body), those of statements
        self.counts = {"GET": 0, "POST": 0}
        self.closing = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def cluster(self, **more):
        return {"engine": "trino", "endpoint": self.url, **more}

    def of(self, method):
        return [request for request in self.requests if request[0] == method]

    def page(self, more, link=None):
        page = {"id": "20260101_000000_00000_aaaaa", "infoUri": self.url + "/ui", "stats": STATS, "warnings": [], **more}
        if link:
            page["nextUri"] = self.url + link
        return {key: value for key, value in page.items() if value is not None}

    def handler(contract):  # pylint: disable=no-self-argument
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *arguments):  # pylint: disable=arguments-differ
                pass

            def send(self, answer):
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.endless:
                    self.send_header("Connection", "close")
                else:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)

            def give(self, found, link):
                if found is None:
                    contract.closing.wait(60)
                    found = Answer(b"", 503)
                if isinstance(found, dict):
                    found = Answer(contract.page(found, link))
                try:
                    self.send(found)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def do_GET(self):
                if self.path == "/v1/info":
                    self.send(Answer(contract.info()))
                elif self.path.startswith("/health"):
                    self.send(Answer(contract.page({"columns": BIGINT, "data": [[1]]})))
                else:
                    contract.requests.append(("GET", self.path, self.headers, b""))
                    contract.counts["GET"] += 1
                    self.give(contract.pages(self.path, contract.counts["GET"]), None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if body == b"SELECT 1":
                    self.send(Answer(contract.page({}, "/health")))
                    return
                contract.requests.append(("POST", self.path, self.headers, body))
                contract.counts["POST"] += 1
                self.give(contract.posts(contract.counts["POST"]), "/v1/statement/queued/q/y/1")

            def do_DELETE(self):
                contract.requests.append(("DELETE", self.path, self.headers, b""))
                self.send(contract.deletes(len(contract.of("DELETE"))))

            def do_HEAD(self):
                contract.requests.append(("HEAD", self.path, self.headers, b""))
                self.send(contract.heads(len(contract.of("HEAD"))))
        return Handler
