"""A client of the query REST API, over urllib: what it says is what came."""

import json
import re
import time
import urllib.error
import urllib.request


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()


class Rest:
    def __init__(self, proxy):
        self.proxy = proxy
        ports = re.findall(r"protocol=restHttp .*port=(\d+)", proxy.log())
        self.port = int(ports[-1])  # of the last start
        self.url = f"http://127.0.0.1:{self.port}"

    def call(self, method, path, body=None, headers=None, timeout=100):
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={**({"Content-Type": "application/json"} if data is not None else {}), **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as answer:
            return Answer(answer.code, answer.headers, answer.read())

    def execute(self, sql, path="", headers=None, **members):
        return self.call("POST", "/v1/queries/execute" + path, {"sql": sql, **members}, headers)

    def rows(self, sql, **members):
        answer = self.execute(sql, **members)
        assert answer.status == 200, answer.body
        return answer.json["data"]

    def submit(self, sql, headers=None, **members):
        return self.call("POST", "/v1/queries/execute/async", {"sql": sql, **members}, headers)

    def wait(self, execution_id, seconds=100):
        """Until it has ended; its status document."""
        end = time.monotonic() + seconds
        while True:
            status = self.call("GET", f"/v1/queries/{execution_id}").json
            if status["status"] not in ("PENDING", "QUEUED", "RUNNING") or time.monotonic() > end:
                return status
            time.sleep(0.02)
