#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "encoder/update.h"
#include "service/session/wire_encoder.h"

namespace oriel::session {

struct TestHeartbeat {};
struct TestEncoderName {
  std::string encoder;
};
struct TestCursor {
  capture::Cursor cursor;
  bool with_shape = false;
};
using TestEvent = std::variant<StreamOpened, StreamFormat, encoder::Update,
                               TestCursor, TestHeartbeat, TestEncoderName>;

// A wire message that keeps the value it was made of.
class TestMessage final : public WireMessage {
 public:
  explicit TestMessage(TestEvent event) : event_(std::move(event)) {
    const auto* update = std::get_if<encoder::Update>(&event_);
    if (update == nullptr) return;
    for (const encoder::Patch& patch : update->patches) {
      if (patch.payload != nullptr) size_bytes_ += patch.payload->size();
    }
  }
  size_t size_bytes() const override { return size_bytes_; }
  const TestEvent& event() const { return event_; }

 private:
  const TestEvent event_;
  size_t size_bytes_ = 32;
};

class TestWire final : public WireEncoder {
 public:
  WireMessagePtr Encode(const StreamOpened& opened) const override {
    return std::make_shared<TestMessage>(opened);
  }
  WireMessagePtr Encode(const StreamFormat& format) const override {
    return std::make_shared<TestMessage>(format);
  }
  WireMessagePtr Encode(const encoder::Update& update) const override {
    return std::make_shared<TestMessage>(update);
  }
  WireMessagePtr Encode(const capture::Cursor& cursor,
                        bool with_shape) const override {
    return std::make_shared<TestMessage>(TestCursor{cursor, with_shape});
  }
  WireMessagePtr EncodeHeartbeat() const override {
    return std::make_shared<TestMessage>(TestHeartbeat{});
  }
  WireMessagePtr EncodeEncoder(const std::string& encoder) const override {
    return std::make_shared<TestMessage>(TestEncoderName{encoder});
  }
};

}  // namespace oriel::session
