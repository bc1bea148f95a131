#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A server that speaks llama.cpp's protocol, well or badly. Its one argument is JSON:

    mode        what it does when it is asked: see Handler.answer
    model_path  what GET /props says
    answers     {text: answer}: the first whose text is in the prompt is given
    loading     how many times it says first that it is still loading; -1: for ever
    log         a file that gets each request, a line of JSON each
    unix        a socket's path, instead of a port

It prints its port and serves until it is killed.
"""

import http.server
import json
import socket
import socketserver
import sys
import time

OPTIONS = json.loads(sys.argv[1])
LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "test"

    def send(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, entry):
        if "log" in OPTIONS:
            with open(OPTIONS["log"], "a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")

    def do_GET(self):
        self.note({"path": self.path})
        if OPTIONS.get("loading", 0) != 0:
            OPTIONS["loading"] -= 1
            return self.send(503, LOADING)
        if OPTIONS["mode"] == "no props":
            return self.send(404, {"error": {"message": "File Not Found"}})
        return self.send(200, {"model_path": OPTIONS.get("model_path", ""), "total_slots": 1})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.note({"path": self.path, "body": request})
        prompt = request["prompt"] if self.path == "/completion" else request["messages"][0]["content"]
        text = next((answer for needle, answer in OPTIONS.get("answers", {}).items() if needle in prompt), "")
        if self.path == "/completion":
            envelope = {"content": text, "stop_type": "eos"}
        else:
            envelope = {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}
        self.answer(OPTIONS["mode"], envelope)

    def answer(self, mode, envelope):
        data = json.dumps(envelope).encode()
        if mode == "pieces":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(0, len(data), 7):
                piece = data[i : i + 7]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        elif mode == "slow":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:10])
            self.wfile.flush()
            while True:
                time.sleep(3600)
        elif mode == "dropped":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif mode == "endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)
        elif mode == "headers":
            self.send_response(200)
            while True:
                self.send_header("X-More", "x" * 1000)
                self.flush_headers()
        elif mode == "redirect":
            self.send(302, b"", [("Location", "http://192.0.2.1/elsewhere")])
        elif mode == "error":
            self.send(500, {"error": {"code": 500, "message": "the context is\nfull"}})
        elif mode == "busy":
            self.send(503, LOADING)
        elif mode == "page":
            self.send(200, b"<html>hello</html>")
        elif mode == "cut":
            envelope["choices"][0]["finish_reason"] = "length"
            self.send(200, envelope)
        else:
            self.send(200, data)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)


server = UnixServer(OPTIONS["unix"], Handler) if "unix" in OPTIONS else Server(("127.0.0.1", 0), Handler)
print(0 if "unix" in OPTIONS else server.server_address[1], flush=True)
server.serve_forever()
