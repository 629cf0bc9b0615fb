#include "capture/borrow/messages.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/display_name.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace oriel::capture {
namespace {

using Json = nlohmann::json;

// Without breaking a UTF-8 character, which begins with a byte other than
// 10xxxxxx.
std::string Cut(const std::string& text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

std::string CutText(const std::string& text) {
  return Cut(text, kMaxBorrowTextBytes);
}

// One byte too long stays one byte too long.
std::string CutName(const std::string& name, size_t max_bytes) {
  return Cut(name, max_bytes + 1);
}

Json Wrap(const char* kind, Json fields) {
  Json message;
  message[kind] = std::move(fields);
  return message;
}

Json ToJson(const Hello& hello) {
  return Wrap("hello", {{"sender", CutText(hello.sender)}});
}

Json ToJson(const Offer& offer) {
  return Wrap("offer", {{"id", offer.id},
                        {"display", CutName(offer.display, kMaxVmNameBytes)},
                        {"device", CutName(offer.device, kMaxBorrowNameBytes)},
                        {"vm", Cut(offer.vm, kMaxVmNameBytes)},
                        {"vmm_pid", offer.vmm_pid},
                        {"command", Cut(offer.command, kMaxBorrowNameBytes)},
                        {"evidence", CutText(offer.evidence)},
                        {"dma_bufs_allowed", offer.dma_bufs_allowed}});
}

Json ToJson(const Withdrawal& withdrawal) {
  return Wrap("withdraw",
              {{"id", withdrawal.id}, {"reason", CutText(withdrawal.reason)}});
}

Json ToJson(const Notice& notice) {
  return Wrap("notice", {{"text", CutText(notice.text)}});
}

Json ToJson(const Released& released) {
  return Wrap("released", {{"id", released.id}});
}

Json ToJson(const Refused& refused) {
  return Wrap("refused",
              {{"id", refused.id}, {"reason", CutText(refused.reason)}});
}

Json ToJson(const Ping& ping) {
  return Wrap("ping", {{"serial", ping.serial}});
}

Json ToJson(const Pong& pong) {
  return Wrap("pong", {{"serial", pong.serial}});
}

Json ToJson(const Taken& taken) {
  return Wrap("taken", {{"id", taken.id}, {"fd", taken.fd}});
}

absl::Status Bad(const std::string& field, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("borrow message: %s %s", field, why));
}

// Takes a message's fields one by one; remembers the first that is wrong.
class Reader {
 public:
  Reader(std::string kind, const Json& fields)
      : kind_(std::move(kind)), fields_(fields) {}

  const absl::Status& status() const { return status_; }

  // For people.
  std::string Text(const char* field) {
    const Json* value = Find(field);
    if (value == nullptr) return {};
    if (!value->is_string()) return Fail(field, "is not a string");
    return CutText(value->get_ref<const std::string&>());
  }

  std::string Words(const char* field, size_t max_bytes) {
    const Json* value = Find(field);
    if (value == nullptr) return {};
    if (!value->is_string()) return Fail(field, "is not a string");
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > max_bytes) {
      return Fail(field, absl::StrFormat("has %u bytes, more than %u",
                                         text.size(), max_bytes));
    }
    return text;
  }

  // An mdev's UUID or a PCI address.
  std::string Device(const char* field) {
    std::string name = Words(field, kMaxBorrowNameBytes);
    if (!name.empty() && !IsDisplayName(name)) {
      return Fail(field,
                  "has characters that neither an mdev's UUID nor a PCI "
                  "address has");
    }
    return name;
  }

  uint64_t Number(const char* field, uint64_t max) {
    const Json* value = Find(field);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned() || value->get<uint64_t>() > max) {
      Fail(field, absl::StrFormat("is not a number from 0 to %u", max));
      return 0;
    }
    return value->get<uint64_t>();
  }

  bool Flag(const char* field) {
    const Json* value = Find(field);
    if (value == nullptr) return false;
    if (!value->is_boolean()) {
      Fail(field, "is neither true nor false");
      return false;
    }
    return value->get<bool>();
  }

  // Returns `value`, which a message must have.
  template <typename T>
  T Required(const char* field, T value) {
    if (value == T()) Fail(field, "is missing, or empty or 0");
    return value;
  }

  // What is wrong, which is no error from then on.
  std::string TakeFault() {
    return std::string(std::exchange(status_, absl::OkStatus()).message());
  }

  uint64_t Id() {
    return Required("id", Number("id", std::numeric_limits<uint64_t>::max()));
  }

  uint64_t Serial() {
    return Number("serial", std::numeric_limits<uint64_t>::max());
  }

  int Fd(const char* field) {
    if (Find(field) == nullptr) Fail(field, "is missing");
    return static_cast<int>(Number(field, std::numeric_limits<int>::max()));
  }

 private:
  const Json* Find(const char* field) const {
    const auto found = fields_.find(field);
    return found == fields_.end() ? nullptr : &*found;
  }

  std::string Fail(const char* field, const std::string& why) {
    if (status_.ok())
      status_ = Bad(absl::StrFormat("%s.%s", kind_, field), why);
    return {};
  }

  const std::string kind_;
  const Json& fields_;
  absl::Status status_;
};

Offer ReadOffer(Reader& reader) {
  Offer offer;
  offer.id = reader.Id();
  // Without an id there is nothing that could be refused.
  if (!reader.status().ok()) return offer;
  offer.display =
      reader.Required("display", reader.Words("display", kMaxVmNameBytes));
  offer.device = reader.Device("device");
  offer.vm = reader.Words("vm", kMaxVmNameBytes);
  offer.vmm_pid = static_cast<pid_t>(
      reader.Number("vmm_pid", std::numeric_limits<pid_t>::max()));
  offer.command = Cut(reader.Text("command"), kMaxBorrowNameBytes);
  offer.evidence = reader.Text("evidence");
  offer.dma_bufs_allowed = reader.Flag("dma_bufs_allowed");
  if (reader.status().ok()) return offer;
  Offer refused;
  refused.id = offer.id;
  refused.display = offer.display;
  refused.fault = reader.TakeFault();
  return refused;
}

std::optional<BorrowMessage> Read(const std::string& kind, Reader& reader) {
  if (kind == "hello") return Hello{reader.Text("sender")};
  if (kind == "offer") return ReadOffer(reader);
  if (kind == "notice") return Notice{reader.Text("text")};
  if (kind == "released") return Released{reader.Id()};
  if (kind == "ping") return Ping{reader.Serial()};
  if (kind == "pong") return Pong{reader.Serial()};
  if (kind == "taken") {
    const uint64_t id = reader.Id();
    return Taken{id, reader.Fd("fd")};
  }
  if (kind == "withdraw" || kind == "refused") {
    const uint64_t id = reader.Id();
    std::string reason = reader.Text("reason");
    if (kind == "refused") return Refused{id, std::move(reason)};
    return Withdrawal{id, std::move(reason)};
  }
  return std::nullopt;
}

}  // namespace

std::string EncodeBorrowMessage(const BorrowMessage& message) {
  const Json json =
      std::visit([](const auto& kind) { return ToJson(kind); }, message);
  // Names of processes and VMs need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<BorrowMessage> ParseBorrowMessage(const std::string& text) {
  if (text.size() > kMaxBorrowMessageBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("borrow message: %u bytes, more than %u", text.size(),
                        kMaxBorrowMessageBytes));
  }
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.size() != 1) {
    return absl::InvalidArgumentError(
        "borrow message: not a JSON object with one member, such as "
        "{\"hello\": {...}}");
  }
  const std::string& kind = json.begin().key();
  const Json& fields = json.begin().value();
  Reader reader(kind, fields);
  if (!fields.is_object()) return Bad(kind, "is not an object");
  std::optional<BorrowMessage> message = Read(kind, reader);
  if (!message.has_value()) return Bad(kind, "is an unknown kind of message");
  RETURN_IF_ERROR(reader.status());
  return *std::move(message);
}

}  // namespace oriel::capture
