#include "service/config/config.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Of a configuration that must be refused.
std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<v1::Config> config = ParseConfig(text, "orield.conf");
  if (config.ok()) return "accepted: " + config->DebugString();
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(config.status().message());
}

std::string DisplayWith(const std::string& fields) {
  return "display { name: \"vm\" vfio_user { socket: \"/run/vm.sock\" } " +
         fields + " }";
}

std::string WithFramebuffer(const std::string& changed) {
  // In text format a field given twice is an error, so each is left out when
  // `changed` gives it.
  std::string fields;
  for (const std::string field :
       {"region_type: 0x80008086", "region_subtype: 4", "stride_bytes: 7680",
        "fourcc: \"XR24\"", "width_px: 1920", "height_px: 1080"}) {
    const std::string name = field.substr(0, field.find(':') + 1);
    if (changed.find(name) == std::string::npos) fields += field + " ";
  }
  return DisplayWith("framebuffer { " + fields + changed + " }");
}

TEST(ParseConfigTest, FillsInEveryDefault) {
  const absl::StatusOr<v1::Config> config = ParseConfig("", "orield.conf");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->listen_size(), 1);
  EXPECT_EQ(config->listen(0).unix().path(), "/run/oriel/oriel.sock");
  EXPECT_EQ(config->listen(0).unix().mode(), 0660u);
  EXPECT_EQ(config->devices_socket().path(), "/run/oriel/devices.sock");
  EXPECT_EQ(config->devices_socket().mode(), 0660u);
  EXPECT_FALSE(config->own_all_mdevs());
  EXPECT_EQ(config->limits().viewers_per_display(), 64u);
  EXPECT_EQ(config->limits().lanes_per_display(), 4u);
  EXPECT_EQ(config->limits().worker_threads(), 0u);
  EXPECT_EQ(config->SerializeAsString(), DefaultConfig().SerializeAsString());
}

TEST(ParseConfigTest, ReadsEveryField) {
  const absl::StatusOr<v1::Config> config = ParseConfig(
      "listen { unix { path: \"/tmp/o.sock\" mode: 0600 } }\n"
      "listen { tcp { port: 7470 } }\n" +
          WithFramebuffer("offset_bytes: 4096") +
          "limits { worker_threads: 3 }",
      "orield.conf");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen(0).unix().mode(), 0600u);
  EXPECT_EQ(config->listen(1).tcp().address(), "127.0.0.1");
  EXPECT_EQ(config->listen(1).tcp().port(), 7470u);
  const v1::Display& display = config->display(0);
  EXPECT_EQ(display.vfio_user().socket(), "/run/vm.sock");
  EXPECT_EQ(display.max_rate_hz(), 60u);
  EXPECT_EQ(display.scan_budget_ms_per_s(), 150u);
  EXPECT_EQ(display.framebuffer().region_type(), 0x80008086u);
  EXPECT_EQ(display.framebuffer().offset_bytes(), 4096u);
  EXPECT_EQ(config->limits().worker_threads(), 3u);
}

TEST(ParseConfigTest, AnUnknownFieldIsPlacedAndTheNearestOneNamed) {
  EXPECT_EQ(ErrorOf("display {\n  nmae: \"win11\"\n}"),
            "orield.conf:2:7: Display has no field \"nmae\"; did you mean "
            "\"name\"?");
  EXPECT_THAT(ErrorOf("lsiten { }"), HasSubstr("did you mean \"listen\"?"));
  EXPECT_THAT(ErrorOf("listen { tpc { } }"),
              HasSubstr("Listen has no field \"tpc\"; did you mean \"tcp\"?"));
}

TEST(ParseConfigTest, AFieldThatResemblesNothingGetsTheListOfFields) {
  EXPECT_THAT(ErrorOf("listen { zzzzzz: 1 }"),
              HasSubstr("Listen has no field \"zzzzzz\"; it has unix, tcp"));
}

TEST(ParseConfigTest, WrongTypesAndSyntaxArePlaced) {
  EXPECT_THAT(ErrorOf(DisplayWith("\nmax_rate_hz: \"fast\"")),
              StartsWith("orield.conf:2:14: "));
  EXPECT_THAT(ErrorOf("listen { unix { } tcp { } }"), HasSubstr("oneof"));
}

TEST(ParseConfigTest, EveryProblemIsToldAtOnce) {
  const std::string error =
      ErrorOf("display { name: \"a b\" }\ndisplay { name: \"c\" }\n");
  EXPECT_THAT(error, HasSubstr("orield.conf:1:11: display \"a b\": the name"));
  EXPECT_THAT(error, HasSubstr("orield.conf:1:1: display \"a b\": no device"));
  EXPECT_THAT(error, HasSubstr("orield.conf:2:1: display \"c\": no device"));
}

TEST(ParseConfigTest, EveryUnknownFieldIsTold) {
  const std::string error = ErrorOf(
      "lsiten { unx { } }\ndisplay {\n  nmae: \"a\"\n  group { dvice: \"b\" }\n"
      "  farmebuffer { x: [1, 2] y < z: \"\" > }\n}\n");
  EXPECT_THAT(error, HasSubstr("orield.conf:1:8: Config has no field "
                               "\"lsiten\"; did you mean \"listen\"?"));
  EXPECT_THAT(error, HasSubstr("orield.conf:3:7: Display has no field "));
  EXPECT_THAT(error, HasSubstr("orield.conf:4:16: Group has no field "));
  EXPECT_THAT(error, HasSubstr("orield.conf:5:15: Display has no field "));
}

TEST(ParseConfigTest, AProblemIsPlacedAtItsField) {
  EXPECT_THAT(ErrorOf(DisplayWith("\n max_rate_hz: 500")),
              StartsWith("orield.conf:2:2: display \"vm\": max_rate_hz"));
  EXPECT_THAT(
      ErrorOf("display {\n name: \"a\"\n group {\n  device: \"b\"\n }}"),
      StartsWith("orield.conf:4:3: display \"a\": \"b\" is neither"));
  EXPECT_THAT(ErrorOf("display {\n name: \"a\"\n borrowed { } }"),
              StartsWith("orield.conf:3:2: display \"a\": borrowed needs"));
  EXPECT_THAT(ErrorOf("listen { tcp {\n port: 70000 } }"),
              StartsWith("orield.conf:2:2: listen: port 70000"));
  EXPECT_THAT(
      ErrorOf(DisplayWith("framebuffer {\n  width_px: 5 }")),
      StartsWith("orield.conf:1:59: display \"vm\": framebuffer lacks"));
}

// Notepad and others write one; what the file says is clear.
TEST(ParseConfigTest, AByteOrderMarkAndOtherLineEndsAreTaken) {
  for (const std::string text :
       {"\xEF\xBB\xBF@", "@\r\n", "# comment\r@\r# comment",
        "# B\xC3\xBCro, or in Latin-1 B\xFCro\n@",
        "\xEF\xBB\xBF# x\r\n@\r\n"}) {
    std::string config = text;
    config.replace(config.find('@'), 1, DisplayWith(""));
    const auto parsed = ParseConfig(config, "orield.conf");
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->display_size(), 1) << text;
  }
}

TEST(ParseConfigTest, AMissingBraceIsToldByTheBlockThatItCloses) {
  EXPECT_EQ(ErrorOf("\ndisplay {\n  name: \"a\"\n"),
            "orield.conf:2:9: \"display\", opened here, is not closed: a } is "
            "missing");
}

TEST(ParseConfigTest, NamesThatAreNoneGetOneThatIsNear) {
  EXPECT_THAT(ErrorOf("display { name: \"Windows 11 (test)\" "
                      "borrowed { vm: \"Windows 11 (test)\" } }"),
              HasSubstr("such as \"Windows-11-test\""));
}

TEST(ParseConfigTest, AThousandProblemsAreCutShort) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "display { }\n";
  const std::string error = ErrorOf(text);
  EXPECT_LT(error.size(), 4000u);
  EXPECT_THAT(error, HasSubstr("and 380 more"));
}

TEST(ParseConfigTest, DisplayNamesAreUnique) {
  EXPECT_THAT(
      ErrorOf(DisplayWith("") + "\n" + DisplayWith("")),
      StartsWith("orield.conf:2:11: display \"vm\": a display above has"));
}

TEST(ParseConfigTest, DevicesAreChecked) {
  const auto group = [](const std::string& device) {
    return ErrorOf("display { name: \"vm\" group { device: \"" + device +
                   "\" } }");
  };
  EXPECT_THAT(group("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"),
              StartsWith("accepted"));
  EXPECT_THAT(group("0000:00:02.0"), StartsWith("accepted"));
  EXPECT_THAT(group("../../etc/passwd"), HasSubstr("neither an mdev's UUID"));
  EXPECT_THAT(group("00:02.0"), HasSubstr("such as 0000:00:02.0"));
  EXPECT_THAT(group(""), HasSubstr("neither"));
  EXPECT_THAT(ErrorOf("display { name: \"vm\" }"), HasSubstr("no device"));
  EXPECT_THAT(ErrorOf("display { name: \"vm\" inherited_fd { } }"),
              HasSubstr("LISTEN_FDNAMES"));
  EXPECT_THAT(
      ErrorOf("display { name: \"vm\" vfio_user { socket: \"vm.sock\" } }"),
      HasSubstr("\"vm.sock\" is not absolute"));
}

TEST(ParseConfigTest, TwoDisplaysCannotHaveOneGroupDevice) {
  EXPECT_THAT(
      ErrorOf("display { name: \"a\" group { device: \"0000:00:02.0\" } }\n"
              "display { name: \"b\" group { device: \"0000:00:02.0\" } }\n"),
      HasSubstr("orield.conf:2:29: display \"b\": device 0000:00:02.0 is "
                "display \"a\" already"));
}

TEST(ParseConfigTest, BorrowedDisplaysAreChecked) {
  const auto borrowed = [](const std::string& fields) {
    return ErrorOf("display { name: \"a\" borrowed { " + fields + " } }");
  };
  EXPECT_THAT(borrowed("vm: \"win11\""), StartsWith("accepted"));
  EXPECT_THAT(borrowed("device: \"0000:00:02.0\""), StartsWith("accepted"));
  EXPECT_THAT(borrowed("device: \"win11\""), HasSubstr("neither an mdev's"));
  EXPECT_THAT(borrowed("vm: \"\""), HasSubstr("1 to 255 bytes"));
  EXPECT_THAT(borrowed("vm: \"Windows 11 (\xC3\xBC), 'test'\""),
              StartsWith("accepted"));
  EXPECT_THAT(borrowed("vm: \"" + std::string(255, 'v') + "\""),
              StartsWith("accepted"));
  EXPECT_THAT(borrowed("vm: \"" + std::string(256, 'v') + "\""),
              HasSubstr("1 to 255 bytes"));
  EXPECT_THAT(borrowed("vm: \"a\\tb\""), HasSubstr("control character \\x09"));
  EXPECT_THAT(borrowed(""), HasSubstr("one of device and vm"));
  EXPECT_THAT(ErrorOf("display { name: \"a\" borrowed { vm: \"v\" } }\n"
                      "display { name: \"b\" borrowed { vm: \"v\" } }\n"),
              HasSubstr("2:32: display \"b\": VM v is display \"a\" already"));
  EXPECT_THAT(
      ErrorOf("display { name: \"a\" borrowed { device: \"0000:00:02.0\" } }\n"
              "display { name: \"b\" group { device: \"0000:00:02.0\" } }\n"),
      HasSubstr("device 0000:00:02.0 is display \"a\" already"));
}

TEST(ParseConfigTest, LeaveToWriteIsForDevicesThatOthersDrive) {
  for (const std::string allow :
       {"allow_edid_writes: true", "allow_dma_bufs: true"}) {
    EXPECT_THAT(
        ErrorOf("display { name: \"a\" borrowed { vm: \"v\" } " + allow + " }"),
        StartsWith("accepted"));
    EXPECT_THAT(ErrorOf(DisplayWith(allow)), HasSubstr("needs no such leave"));
  }
}

TEST(ParseConfigTest, TheDevicesSocketIsChecked) {
  const auto socket = [](const std::string& fields) {
    return ErrorOf("\ndevices_socket { " + fields + " }");
  };
  EXPECT_THAT(socket("path: \"none\""), StartsWith("accepted"));
  EXPECT_THAT(socket("path: \"/run/d.sock\" mode: 0600 user: \"kvm\""),
              StartsWith("accepted"));
  EXPECT_THAT(
      socket("path: \"d.sock\""),
      StartsWith("orield.conf:2:18: devices_socket: the socket's path"));
  EXPECT_THAT(socket("mode: 600"), HasSubstr("octal"));
  EXPECT_THAT(socket("user: \"\""), HasSubstr("is no user"));
  EXPECT_THAT(ErrorOf("devices_socket { path: \"none\" }\n"
                      "display { name: \"a\" borrowed { vm: \"v\" } }"),
              HasSubstr("display \"a\" is borrowed, and without a socket"));
}

TEST(SetDevicesSocketTest, TakesWhatTheConfigurationTakes) {
  v1::Config config = DefaultConfig();
  EXPECT_TRUE(SetDevicesSocket("/tmp/d.sock", &config).ok());
  EXPECT_EQ(config.devices_socket().path(), "/tmp/d.sock");
  EXPECT_TRUE(SetDevicesSocket(kNoSocket, &config).ok());
  EXPECT_FALSE(SetDevicesSocket("", &config).ok());
  EXPECT_FALSE(SetDevicesSocket("d.sock", &config).ok());
  config.add_display()->mutable_borrowed()->set_vm("win11");
  EXPECT_FALSE(SetDevicesSocket(kNoSocket, &config).ok());
}

TEST(ParseConfigTest, FramebuffersAreChecked) {
  EXPECT_THAT(ErrorOf(WithFramebuffer("")), StartsWith("accepted"));
  EXPECT_THAT(ErrorOf(DisplayWith("framebuffer { width_px: 5 }")),
              HasSubstr("display \"vm\": framebuffer lacks region_type, "
                        "stride_bytes, fourcc, height_px"));
  EXPECT_THAT(ErrorOf(WithFramebuffer("fourcc: \"NV12\"")),
              HasSubstr("\"NV12\" is unknown; orield reads XR24, AR24"));
  EXPECT_THAT(ErrorOf(WithFramebuffer("stride_bytes: 7679")),
              HasSubstr("less than a row of 1920 pixels in XR24, 7680 bytes"));
  EXPECT_THAT(ErrorOf(WithFramebuffer("width_px: 4294967295")),
              HasSubstr("too large"));
  EXPECT_THAT(ErrorOf(WithFramebuffer("stride_bytes: 4294967295")),
              HasSubstr("too large"));
  EXPECT_THAT(ErrorOf(WithFramebuffer("offset_bytes: 18446744073709551615")),
              HasSubstr("too large"));
  EXPECT_THAT(ErrorOf(WithFramebuffer("region_type: 2")),
              HasSubstr("0x00000002 is no vendor's type"));
}

TEST(ParseConfigTest, RatesAndLimitsAreChecked) {
  EXPECT_THAT(ErrorOf(DisplayWith("max_rate_hz: 120")), StartsWith("accepted"));
  EXPECT_THAT(ErrorOf(DisplayWith("max_rate_hz: 121")),
              HasSubstr("max_rate_hz 121 is too high"));
  EXPECT_THAT(ErrorOf(DisplayWith("scan_budget_ms_per_s: 1000")),
              StartsWith("accepted"));
  EXPECT_THAT(ErrorOf(DisplayWith("scan_budget_ms_per_s: 1001")),
              HasSubstr("scan_budget_ms_per_s 1001 is too high; 1 to 1000"));
  EXPECT_THAT(ErrorOf("\nlimits { worker_threads: 5000 }"),
              StartsWith("orield.conf:2:10: limits: worker_threads 5000"));
}

TEST(ParseConfigTest, ListenAddressesAreChecked) {
  EXPECT_THAT(ErrorOf("listen { }"), HasSubstr("no address"));
  EXPECT_THAT(ErrorOf("listen { unix { path: \"oriel.sock\" } }"),
              HasSubstr("is not absolute"));
  EXPECT_THAT(
      ErrorOf("listen { unix { path: \"/" + std::string(107, 'p') + "\" } }"),
      HasSubstr("has 108 bytes, and the kernel takes at most 107"));
  EXPECT_THAT(ErrorOf("listen { unix { path: \"/run/o\" mode: 660 } }"),
              HasSubstr("mode 01224 has bits beyond permissions"));
  EXPECT_THAT(ErrorOf("listen { tcp { port: 70000 } }"),
              HasSubstr("port 70000"));
  for (const std::string address :
       {"0.0.0.0", "192.168.0.1", "::", "fe80::1", "example.org"}) {
    EXPECT_THAT(ErrorOf("listen { tcp { address: \"" + address + "\" } }"),
                HasSubstr("no loopback address; this version has no TLS"));
  }
  for (const std::string address : {"127.0.0.1", "127.8.9.1", "::1"}) {
    EXPECT_THAT(ErrorOf("listen { tcp { address: \"" + address + "\" } }"),
                StartsWith("accepted"));
  }
}

TEST(ParseConfigTest, TheSameAddressTwiceIsRefusedUnlessItsPortIsAny) {
  EXPECT_THAT(ErrorOf("listen { tcp { address: \"localhost\" port: 7 } }"
                      "listen { tcp { port: 7 } }"),
              HasSubstr("has the address 127.0.0.1:7 already"));
  EXPECT_THAT(ErrorOf("listen { tcp { address: \"::1\" port: 7 } }"
                      "listen { tcp { address: \"::1\" port: 7 } }"),
              HasSubstr("has the address [::1]:7 already"));
  EXPECT_THAT(ErrorOf("listen { unix { path: \"/a\" } }"
                      "listen { unix { path: \"/a\" } }"),
              HasSubstr("has the path /a already"));
  EXPECT_THAT(ErrorOf("listen { tcp { } } listen { tcp { } }"
                      "listen { tcp { port: 7 } } listen { tcp { port: 8 } }"),
              StartsWith("accepted"));
}

TEST(ParseConfigTest, HugeAndDeeplyNestedTextIsRefused) {
  EXPECT_THAT(ErrorOf(std::string(2000000, '#')), HasSubstr("at most 1048576"));
  std::string nested;
  for (int i = 0; i < 100000; ++i) nested += "x{";
  EXPECT_THAT(ErrorOf(nested),
              HasSubstr("1:34: more than 16 blocks inside each other"));
  // Not a stack that overflows, however it is nested.
  std::string angles;
  for (int i = 0; i < 100000; ++i) angles += "x<";
  EXPECT_THAT(ErrorOf(angles), HasSubstr("orield.conf:1:"));
}

TEST(LoadConfigTest, ReadsTheFileAndPlacesErrorsByItsPath) {
  const std::string path = testing::TempDir() + "/load.conf";
  std::ofstream(path) << "display { nam: 1 }";
  const absl::StatusOr<v1::Config> config = LoadConfig(path);
  EXPECT_THAT(std::string(config.status().message()),
              StartsWith(path + ":1:14: "));
}

TEST(LoadConfigTest, AFileThatCannotBeReadIsToldApart) {
  EXPECT_EQ(LoadConfig("/nonexistent/orield.conf").status().code(),
            absl::StatusCode::kNotFound);
  const absl::Status directory = LoadConfig("/").status();
  EXPECT_FALSE(directory.ok());
  EXPECT_THAT(std::string(directory.message()),
              HasSubstr("cannot read configuration /"));
}

TEST(ParseListenTest, TakesPathsAndLoopbackPorts) {
  EXPECT_EQ(ParseListen("unix:/tmp/o.sock")->unix().path(), "/tmp/o.sock");
  EXPECT_EQ(ParseListen("unix:/tmp/o.sock")->unix().mode(), 0660u);
  EXPECT_EQ(ParseListen("127.0.0.1:7470")->tcp().port(), 7470u);
  EXPECT_EQ(ParseListen("localhost:0")->tcp().address(), "127.0.0.1");
  EXPECT_EQ(ParseListen("[::1]:1")->tcp().address(), "::1");
}

TEST(ParseListenTest, RefusesTheRestWithAReason) {
  const auto error = [](const std::string& text) {
    return std::string(ParseListen(text).status().message());
  };
  EXPECT_THAT(error("unix:o.sock"), HasSubstr("is not absolute"));
  EXPECT_THAT(error("oriel.sock"), HasSubstr("write unix:/absolute/path"));
  EXPECT_THAT(error("127.0.0.1:"), HasSubstr("no port number"));
  EXPECT_THAT(error("127.0.0.1:80x"), HasSubstr("no port number"));
  EXPECT_THAT(error("127.0.0.1:99999999999"), HasSubstr("no port number"));
  EXPECT_THAT(error("0.0.0.0:7470"), HasSubstr("no loopback address"));
}

}  // namespace
}  // namespace oriel::config
