#include "service/config/config.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/nearest_name.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "service/config/check.h"
#include "service/config/text_scan.h"

namespace oriel::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

constexpr size_t kMaxFileBytes = 1024 * 1024;
constexpr size_t kMaxProblems = 20;
constexpr int kMaxNesting = 16;
constexpr char kDefaultSocket[] = "/run/oriel/oriel.sock";
constexpr uint32_t kDefaultMode = 0660;
constexpr char kDefaultAddress[] = "127.0.0.1";
constexpr uint32_t kDefaultViewers = 64;
constexpr uint32_t kDefaultLanes = 4;

// The text between `before` and `after`; empty when one of them is not there.
std::string Between(const std::string& text, const std::string& before,
                    const std::string& after) {
  const size_t start = text.find(before);
  if (start == std::string::npos) return "";
  const size_t from = start + before.size();
  const size_t end = text.find(after, from);
  if (end == std::string::npos) return "";
  return text.substr(from, end - from);
}

std::string FieldList(const Descriptor& message) {
  std::string list;
  for (int i = 0; i < message.field_count(); ++i) {
    if (!list.empty()) list += ", ";
    list += message.field(i)->name();
  }
  return list;
}

// protobuf's own words, and for an unknown field what was probably meant.
std::string Explain(const std::string& message) {
  const std::string type = Between(message, "Message type \"", "\"");
  const std::string field = Between(message, "has no field named \"", "\"");
  const Descriptor* descriptor =
      v1::Config::descriptor()->file()->pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr || field.empty()) return message;

  std::vector<std::string> names;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    names.push_back(descriptor->field(i)->name());
  }
  const std::string nearest = NearestName(field, names);
  if (!nearest.empty()) {
    return absl::StrFormat("%s has no field \"%s\"; did you mean \"%s\"?",
                           descriptor->name(), field, nearest);
  }
  return absl::StrFormat("%s has no field \"%s\"; it has %s",
                         descriptor->name(), field, FieldList(*descriptor));
}

// One line a problem, at most kMaxProblems of them.
class ProblemList : public google::protobuf::io::ErrorCollector {
 public:
  explicit ProblemList(const std::string& file_name) : file_name_(file_name) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    Add(line, column, Explain(message));
  }

  // Unknown fields, after each of which parsing goes on.
  void AddWarning(int line, google::protobuf::io::ColumnNumber column,
                  const std::string& message) override {
    AddError(line, column, message);
  }

  // `line` and `column` from 0; negative: not known.
  void Add(int line, int column, const std::string& problem) {
    if (++count_ > kMaxProblems) return;
    if (!text_.empty()) text_ += '\n';
    text_ += line < 0 ? absl::StrFormat("%s: %s", file_name_, problem)
                      : absl::StrFormat("%s:%d:%d: %s", file_name_, line + 1,
                                        std::max(column, 0) + 1, problem);
  }

  absl::Status status() const {
    if (count_ == 0) return absl::OkStatus();
    if (count_ <= kMaxProblems) return absl::InvalidArgumentError(text_);
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s\n%s: and %d more", text_, file_name_, count_ - kMaxProblems));
  }

 private:
  const std::string file_name_;
  std::string text_;
  size_t count_ = 0;
};

void FillDefaults(v1::Listen* listen) {
  if (listen->has_unix() && listen->unix().mode() == 0) {
    listen->mutable_unix()->set_mode(kDefaultMode);
  }
  if (listen->has_tcp() && (listen->tcp().address().empty() ||
                            listen->tcp().address() == "localhost")) {
    listen->mutable_tcp()->set_address(kDefaultAddress);
  }
}

void FillDefaults(v1::Config* config) {
  if (config->listen_size() == 0) {
    config->add_listen()->mutable_unix()->set_path(kDefaultSocket);
  }
  for (v1::Listen& listen : *config->mutable_listen()) FillDefaults(&listen);
  v1::DevicesSocket* devices = config->mutable_devices_socket();
  if (devices->path().empty()) devices->set_path(kDefaultDevicesSocket);
  if (devices->mode() == 0) devices->set_mode(kDefaultMode);
  for (v1::Display& display : *config->mutable_display()) {
    if (display.max_rate_hz() == 0) display.set_max_rate_hz(kDefaultRateHz);
    if (display.scan_budget_ms_per_s() == 0) {
      display.set_scan_budget_ms_per_s(kDefaultScanBudgetMsPerS);
    }
  }
  v1::Limits* limits = config->mutable_limits();
  if (limits->viewers_per_display() == 0) {
    limits->set_viewers_per_display(kDefaultViewers);
  }
  if (limits->lanes_per_display() == 0) {
    limits->set_lanes_per_display(kDefaultLanes);
  }
}

// Of the field that `path` leads to, such as "borrowed.vm", or of what is there
// of the way to it.
TextFormat::ParseLocation PlaceOf(const TextFormat::ParseInfoTree& root,
                                  const std::string& kind, int index,
                                  const std::string& path) {
  const TextFormat::ParseInfoTree* tree = &root;
  const Descriptor* message = v1::Config::descriptor();
  TextFormat::ParseLocation place;
  const std::string whole_path = path.empty() ? kind : kind + "." + path;
  const std::vector<std::string> names = absl::StrSplit(whole_path, '.');
  for (const std::string& name : names) {
    const FieldDescriptor* field = message->FindFieldByName(name);
    const int at = field->is_repeated() ? std::exchange(index, 0) : -1;
    const TextFormat::ParseLocation found = tree->GetLocation(field, at);
    if (found.line < 0) break;
    place = found;
    message = field->message_type();
    if (message == nullptr) break;
    tree = tree->GetTreeForNested(field, at);
    if (tree == nullptr) break;
  }
  return place;
}

absl::Status CannotRead(const std::string& path, int error) {
  return absl::ErrnoToStatus(
      error, absl::StrFormat("cannot read configuration %s", path));
}

absl::Status BadListen(const std::string& text, const std::string& problem) {
  return absl::InvalidArgumentError(
      absl::StrFormat("cannot listen on \"%s\": %s", text, problem));
}

}  // namespace

absl::StatusOr<v1::Config> ParseConfig(const std::string& text,
                                       const std::string& file_name) {
  ProblemList problems(file_name);
  if (text.size() > kMaxFileBytes) {
    problems.Add(-1, -1,
                 absl::StrFormat("the file has %d bytes; at most %d are read",
                                 text.size(), kMaxFileBytes));
    return problems.status();
  }
  const ScannedText scanned = ScanText(text, kMaxNesting);
  for (const TextProblem& problem : scanned.problems) {
    problems.Add(problem.line, problem.column, problem.text);
  }
  if (absl::Status status = problems.status(); !status.ok()) return status;
  TextFormat::Parser parser;
  TextFormat::ParseInfoTree locations;
  parser.RecordErrorsTo(&problems);
  parser.WriteLocationsTo(&locations);
  parser.SetRecursionLimit(kMaxNesting);
  // So that all of them are told, not the first alone.
  parser.AllowUnknownField(true);
  v1::Config config;
  const bool parsed = parser.ParseFromString(scanned.text, &config);
  if (absl::Status status = problems.status(); !status.ok()) return status;
  if (!parsed) {
    problems.Add(-1, -1, "this is no protobuf text");
    return problems.status();
  }

  CheckConfig(config,
              [&](const std::string& kind, int index, const Problem& problem) {
                const TextFormat::ParseLocation place =
                    PlaceOf(locations, kind, index, problem.field);
                problems.Add(place.line, place.column, problem.text);
              });
  if (absl::Status status = problems.status(); !status.ok()) return status;
  FillDefaults(&config);
  return config;
}

absl::StatusOr<v1::Config> LoadConfig(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return CannotRead(path, errno != 0 ? errno : EIO);
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A directory opens, and then cannot be read.
  if (file.bad() || (file.fail() && !file.eof())) {
    return CannotRead(path, errno != 0 ? errno : EIO);
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return ParseConfig(text, path);
}

v1::Config DefaultConfig() {
  v1::Config config;
  FillDefaults(&config);
  return config;
}

absl::StatusOr<v1::Listen> ParseListen(const std::string& text) {
  v1::Listen listen;
  if (text.starts_with("unix:")) {
    listen.mutable_unix()->set_path(text.substr(5));
  } else {
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
      return BadListen(text, "write unix:/absolute/path or 127.0.0.1:PORT");
    }
    uint32_t port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] =
        std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || stop != end || colon + 1 == text.size()) {
      return BadListen(text, "the part after the last ':' is no port number");
    }
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    }
    listen.mutable_tcp()->set_address(host);
    listen.mutable_tcp()->set_port(port);
  }
  if (const Problem problem = CheckListen(listen); !problem.empty()) {
    return BadListen(text, problem.text);
  }
  FillDefaults(&listen);
  return listen;
}

absl::Status SetDevicesSocket(const std::string& path, v1::Config* config) {
  config->mutable_devices_socket()->set_path(path);
  const std::string problem = path.empty() ? "devices_socket: the path is empty"
                                           : CheckDevicesSocket(*config).text;
  if (problem.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(problem);
}

std::string ListenKey(const v1::Listen& listen) {
  if (listen.has_unix()) return listen.unix().path();
  if (listen.tcp().port() == 0) return "";
  std::string address = listen.tcp().address();
  if (address.empty() || address == "localhost") address = kDefaultAddress;
  if (address.find(':') != std::string::npos) address = "[" + address + "]";
  return absl::StrFormat("%s:%d", address, listen.tcp().port());
}

}  // namespace oriel::config
