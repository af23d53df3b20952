"""A web server that holds a data set as PhysioNet does, and misbehaves as it is told."""

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_CHUNK_BYTES = 2**15


class DataServer:
    """Answers for the files of a data set and their checksums.

    Parameters
    ----------
    files : mapping of str to bytes
        Content by name.
    bytes_per_s : float, optional
        How fast each file is sent; as fast as can be if None.

    Attributes
    ----------
    url : str
        Where the data set is.
    asked : list of (str, str or None)
        The names asked for, each with the range.
    ranges : bool
        Whether parts of files are sent.
    cut_after : int or None
        The next file that is longer is cut off after so many bytes, once.
    endless : str or None
        A file that is sent again and again, its length unsaid.
    is_away : bool
        Connections are cut off, those under way as well.
    """

    def __init__(self, files: Mapping[str, bytes], *, bytes_per_s: float | None = None) -> None:
        self.files = dict(files)
        self.sums = "".join(f"{hashlib.sha256(data).hexdigest()} {name}\n" for name, data in files.items())
        self.asked: list[tuple[str, str | None]] = []
        self.ranges = True
        self.cut_after: int | None = None
        self.endless: str | None = None
        self.is_away = False
        self._bytes_per_s = bytes_per_s
        whole = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with contextlib.suppress(ConnectionError):
                    whole._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/data/1.0.0/"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        if self.is_away:
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        name = request.path.removeprefix("/data/1.0.0/")
        data = self.sums.encode() if name == "SHA256SUMS.txt" else self.files.get(name)
        asked = request.headers["Range"]
        self.asked.append((name, asked))
        if data is None:
            request.send_error(404)
            return
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        if asked and self.ranges and begin >= len(data):
            request.send_error(416)
            return
        if name == self.endless:
            request.send_response(200)
            request.end_headers()
            while True:
                request.wfile.write(data)
        request.send_response(206 if begin else 200)
        request.send_header("Content-Length", str(len(data) - begin))
        request.end_headers()
        stop = len(data)
        if self.cut_after is not None and len(data) > self.cut_after:
            stop, self.cut_after = begin + self.cut_after, None
        self._send(request, data[begin:stop])
        if stop < len(data):
            request.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, request: BaseHTTPRequestHandler, data: bytes) -> None:
        for begin in range(0, len(data), _CHUNK_BYTES):
            if self.is_away:
                request.connection.shutdown(socket.SHUT_RDWR)
                return
            request.wfile.write(data[begin : begin + _CHUNK_BYTES])
            if self._bytes_per_s is not None:
                time.sleep(_CHUNK_BYTES / self._bytes_per_s)


@contextlib.contextmanager
def serving(server: DataServer) -> Iterator[DataServer]:
    """Let a server answer for as long as this lasts."""
    thread = threading.Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.server.shutdown()
        server.server.server_close()
        thread.join()
