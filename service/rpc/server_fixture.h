#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "oriel/v1/device.grpc.pb.h"
#include "oriel/v1/display.grpc.pb.h"
#include "oriel/v1/streaming.grpc.pb.h"
#include "service/rpc/fake_registry.h"
#include "service/rpc/server.h"
#include "service/wire/grpc_wire_encoder.h"

namespace oriel::rpc {

// A real server on a UNIX socket over a FakeRegistry with one display, "vm".
class ServerFixture : public testing::Test {
 protected:
  ServerFixture() {
    char name[] = "/tmp/oriel-rpc-XXXXXX";
    directory_ = mkdtemp(name);
    session::DisplayStatus display;
    display.name = "vm";
    display.state = session::DisplayState::kReady;
    display.encodings = {encoder::Encoding::kLossless,
                         encoder::Encoding::kH264};
    registry_.SetDisplay(display);
    auto server =
        Server::Start(&registry_, {UnixAddress{SocketPath(), 0600}}, [this] {
          if (list_devices_) return list_devices_();
          return v1::ListDevicesResponse();
        });
    EXPECT_TRUE(server.ok()) << server.status();
    if (server.ok()) server_ = *std::move(server);
    displays_ = v1::DisplayService::NewStub(NewChannel());
    devices_ = v1::DeviceService::NewStub(NewChannel());
    streams_ = v1::StreamService::NewStub(NewChannel());
  }
  ~ServerFixture() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::string SocketPath() const { return directory_ + "/oriel.sock"; }
  // A connection of its own.
  std::shared_ptr<grpc::Channel> NewChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(
        "unix:" + SocketPath(), grpc::InsecureChannelCredentials(), arguments);
  }
  static v1::StreamFramesRequest RequestFor(const std::string& display) {
    v1::StreamFramesRequest request;
    request.set_display(display);
    return request;
  }
  session::WireMessagePtr Opened(uint64_t viewer_id) const {
    session::StreamOpened opened;
    opened.viewer_id = viewer_id;
    return wire_.Encode(opened);
  }
  session::WireMessagePtr UpdateOf(uint64_t sequence, size_t payload_bytes) {
    encoder::Update update;
    update.sequence = sequence;
    update.patches = {
        encoder::Patch{{0, 0, 4, 4},
                       encoder::Video{},
                       std::make_shared<const std::vector<uint8_t>>(
                           payload_bytes, uint8_t(sequence))}};
    return wire_.Encode(update);
  }

  std::string directory_;
  const wire::GrpcWireEncoder wire_;
  FakeRegistry registry_;
  DeviceLister list_devices_;  // set before the first call
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::DisplayService::Stub> displays_;
  std::unique_ptr<v1::DeviceService::Stub> devices_;
  std::unique_ptr<v1::StreamService::Stub> streams_;
};

}  // namespace oriel::rpc
