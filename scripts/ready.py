"""Exit 0 when the console on this machine says it is ready: the health check of the web container."""

import http.client
import os
import sys

PORT = int(os.environ.get("PORT", "8000"))
ACCEPTED_HOST = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0]


def main() -> int:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", "/readyz", headers={"Host": ACCEPTED_HOST, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        print(answer.status, answer.read(2000).decode(errors="replace"))
    except OSError as error:
        print(error)
        return 1
    finally:
        connection.close()
    return int(answer.status != 200)


if __name__ == "__main__":
    sys.exit(main())
