#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "encoder/update_encoder.h"
#include "service/session/session_context.h"

namespace oriel::session {

// What tests turn while encoders work. Thread-safe.
struct TestEncoderControls {
  std::atomic<size_t> max_payload_bytes{1024 * 1024};
  std::atomic<bool> fail{false};
  std::atomic<bool> fail_intra{false};
  std::atomic<bool> fail_stills{false};
  std::atomic<bool> refuse_sizes{false};
  // Before an encoder is made: what it calls inexact.
  Damage inexact;
  std::atomic<int> encodes{0};
  std::atomic<int> intra_encodes{0};
  std::atomic<int> still_encodes{0};
  std::atomic<int> keyframes{0};

  std::atomic<int> made{0};  // encoders

  // Encode calls wait from Block to Unblock; those that begin after
  // LetThroughFromNowOn do not.
  void Block();
  void LetThroughFromNowOn();
  void Unblock();
  void AwaitBlockedEncode() { AwaitBlockedEncodes(1); }
  void AwaitBlockedEncodes(int count);

  // So do attempts to make an encoder.
  void BlockOpening();
  void UnblockOpening();

  void PassGate();
  void PassOpening();

 private:
  Mutex mutex_;
  CondVar changed_;
  bool blocked_ ABSL_GUARDED_BY(mutex_) = false;
  bool holds_newcomers_ ABSL_GUARDED_BY(mutex_) = false;
  bool opening_blocked_ ABSL_GUARDED_BY(mutex_) = false;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Encoders whose payloads a few lines can apply: intra is the raw rows, a
// delta the rows' difference (XOR) from the base, which comes out wrong on any
// other base; a still is its first pixel. Encoding::kH264 is made kKeyframe:
// one patch of the whole picture. `controls` is shared by all of them.
Encoders MakeTestEncoders(std::shared_ptr<TestEncoderControls> controls);

}  // namespace oriel::session
