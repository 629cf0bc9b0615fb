// vnc_eye PORT [PICTURES]: the VNC servers' viewer on this machine. Asks for
// updates as a normal viewer does and prints what it sees of the marker.

#include <linux/tcp.h>
#include <netinet/in.h>
#include <rfb/rfbclient.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/bench/marker.h"
#include "tests/bench/picture_request.h"

namespace oriel::bench {
namespace {

constexpr unsigned kWaitMicroseconds = 20'000;
constexpr int kConnectTries = 200;
constexpr unsigned kConnectPauseMicroseconds = 50'000;

struct FreeClient {
  void operator()(rfbClient* client) const {
    std::free(client->frameBuffer);
    client->frameBuffer = nullptr;
    rfbClientCleanup(client);
  }
};
using Client = std::unique_ptr<rfbClient, FreeClient>;

// The client library counts no bytes; the socket does.
int64_t BytesReceived(const rfbClient& client) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(client.sock, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return 0;
  }
  return static_cast<int64_t>(info.tcpi_bytes_received);
}

struct View {
  MarkerWatcher watcher;
  int64_t bytes = 0;
};

int view_tag;

void UpdateEnded(rfbClient* client) {
  View& view = *static_cast<View*>(rfbClientGetClientData(client, &view_tag));
  const int64_t bytes = BytesReceived(*client);
  view.watcher.Received(bytes - view.bytes);
  view.bytes = bytes;
  const int x = kMarkerX + kMarkerSizePx / 2;
  const int y = kMarkerY + kMarkerSizePx / 2;
  if (client->width <= x || client->height <= y) return;
  view.watcher.Look(
      client->frameBuffer[(size_t(y) * client->width + x) * 4 + 1]);
}

Client MakeClient(int port, View& view) {
  rfbClient* client = rfbGetClient(8, 3, 4);
  client->format.redShift = 16;
  client->format.greenShift = 8;
  client->format.blueShift = 0;
  // What TigerVNC's viewer asks for by default.
  client->appData.encodingsString = "copyrect tight zrle hextile";
  client->appData.enableJPEG = TRUE;
  client->appData.qualityLevel = 8;
  client->appData.compressLevel = 2;
  // The pointer comes apart from the picture, which has none.
  client->appData.useRemoteCursor = TRUE;
  client->canHandleNewFBSize = FALSE;
  client->FinishedFrameBufferUpdate = UpdateEnded;
  client->serverHost = strdup("127.0.0.1");
  client->serverPort = port;
  rfbClientSetClientData(client, &view_tag, &view);
  return Client(client);
}

// Waits for a server that has just been started. Null: it never came.
Client Connect(int port, View& view) {
  for (int i = 0; i < kConnectTries; ++i) {
    Client client = MakeClient(port, view);
    if (rfbInitClient(client.get(), nullptr, nullptr)) return client;
    // The library has freed it.
    static_cast<void>(client.release());
    usleep(kConnectPauseMicroseconds);
  }
  return nullptr;
}

int Main(int argc, char** argv) {
  const int port = argc == 2 || argc == 3 ? std::atoi(argv[1]) : 0;
  if (port <= 0) {
    std::fprintf(stderr, "usage: vnc_eye PORT [PICTURES]\n");
    return 2;
  }
  rfbEnableClientLogging = FALSE;
  PictureRequests requests(argc == 3 ? argv[2] : "");
  View view;
  const Client client = Connect(port, view);
  if (client == nullptr) {
    std::fprintf(stderr, "vnc_eye: no VNC server at 127.0.0.1:%d\n", port);
    return 1;
  }
  while (true) {
    const int ready = WaitForMessage(client.get(), kWaitMicroseconds);
    if (ready < 0) break;
    if (ready > 0 && !HandleRFBServerMessage(client.get())) break;
    requests.Answer(client->frameBuffer, size_t(client->width) * 4,
                    client->width, client->height);
  }
  std::fprintf(stderr, "vnc_eye: the server has left\n");
  return 1;
}

}  // namespace
}  // namespace oriel::bench

int main(int argc, char** argv) { return oriel::bench::Main(argc, argv); }
