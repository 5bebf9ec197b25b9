// One object a report. Fields that are not known are left out; docs/oops.md is the schema.
#include "core/oops/verdict.hh"
#include "user/oops/json.hh"
#include "user/oops/print.hh"

#include <fmt/format.h>

namespace ringside::oops {
namespace {

constexpr int kSchema = 1;

std::string_view name_of(Role role) {
  constexpr std::string_view kNames[] = {"call", "fault",  "link", "named",
                                         "lock", "callee", "copy"};
  return kNames[static_cast<std::size_t>(role)];
}

std::string_view name_of(TraceKind kind) {
  constexpr std::string_view kNames[] = {"main", "allocated", "freed", "lock-chain", "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

void put(Json& json, std::string_view key, std::string_view value) {
  if (!value.empty()) json.text(key, value);
}

void put_source(Json& json, const Frame& frame, const Answer& answer) {
  put(json, "source", frame.source);
  if (answer.lines.empty()) return;
  json.text("file", answer.lines.front().file).number("line", answer.lines.front().line);
  json.begin_array("inlines");
  for (const auto& line : answer.lines)
    json.begin_object()
        .text("function", line.function)
        .text("file", line.file)
        .number("line", line.line)
        .end_object();
  json.end_array();
}

void put_frame(Json& json, const Report& report, const Frame& frame, const Answer& answer) {
  json.begin_object().text("text", frame.text).text("role", name_of(frame.role));
  if (frame.trace < report.trace_count) json.number("trace", frame.trace);
  put(json, "symbol", answer.added ? std::string_view(answer.symbol) : frame.symbol);
  put(json, "demangled", answer.demangled);
  if (frame.has_offset || answer.added)
    json.hex("offset", answer.added ? answer.offset : frame.offset)
        .hex("size", answer.added ? answer.size : frame.size);
  put(json, "module", answer.added ? std::string_view(answer.module) : frame.module);
  put(json, "build_id", frame.build_id);
  if (frame.has_address) json.hex("address", frame.address);
  if (frame.guess) json.flag("guess", true);
  if (frame.unreliable) json.flag("unreliable", true);
  if (frame.inlined) json.flag("inlined", true);
  if (frame.user) json.flag("user", true);
  json.flag("resolved", answer.resolved);
  put_source(json, frame, answer);
  if (!answer.resolved) put(json, "why", answer.why);
  json.end_object();
}

void put_frames(Json& json, const Report& report, const Decoded& decoded) {
  json.begin_array("traces");
  for (std::size_t at = 0; at < report.trace_count; ++at)
    json.begin_object()
        .text("label", report.traces[at].label)
        .text("kind", name_of(report.traces[at].kind))
        .end_object();
  json.end_array().begin_array("frames");
  for (std::size_t at = 0; at < report.frame_count; ++at)
    put_frame(json, report, report.frames()[at], decoded.answers[at]);
  json.end_array();
}

void put_taints(Json& json, const Report& report) {
  if (!report.taint_told) return;
  json.flag("tainted", report.tainted).begin_array("taints");
  for (char letter : report.taint) {
    auto meaning = taint_meaning(letter);
    if (meaning.empty()) continue;
    json.begin_object()
        .text("letter", std::string_view(&letter, 1))
        .text("meaning", meaning)
        .end_object();
  }
  json.end_array();
}

void put_modules(Json& json, const Report& report) {
  json.begin_array("modules");
  for (const auto& module : report.modules()) {
    json.begin_object().text("name", module.name);
    put(json, "flags", module.flags);
    if (module.has_address) json.hex("address", module.address);
    json.end_object();
  }
  json.end_array().begin_object("registers");
  for (const auto& each : report.registers()) json.text(each.name, each.value);
  json.end_object();
}

void put_code(Json& json, const Decoded& decoded) {
  json.begin_array("code");
  for (const auto& each : decoded.code)
    json.begin_object()
        .number("offset", each.offset)
        .text("bytes", each.bytes)
        .text("instruction", each.text)
        .end_object();
  json.end_array();
}

void put_facts(Json& json, const Report& report) {
  put(json, "headline", report.headline);
  put(json, "panic", report.panic);
  put(json, "bug_at", report.bug_at);
  put(json, "release", report.release);
  put(json, "build", report.build.number);
  put(json, "package", report.build.package);
  put(json, "kernel_build_id", report.build_id);
  put(json, "comm", report.comm);
  if (report.pid >= 0) json.number("pid", report.pid);
  if (report.cpu >= 0) json.number("cpu", report.cpu);
  put(json, "hardware", report.hardware);
  put(json, "workqueue", report.workqueue);
  if (report.has_fault_address) json.hex("fault_address", report.fault_address);
}

void put_verdict(Json& json, const Report& report, const Decoded& decoded) {
  json.text("fingerprint", fmt::format("{:016x}", decoded.fingerprint));
  json.number("fingerprint_version", kFingerprintVersion);
  if (decoded.culprit != nullptr) json.number("culprit", decoded.culprit - report.frames().data());
  put(json, "prototype", decoded.prototype);
  if (decoded.has_offset)
    json.hex("kernel_offset", decoded.offset).text("kernel_offset_from", decoded.offset_source);
  put(json, "symbols", decoded.kernel);
  json.begin_array("notes");
  for (const auto& note : decoded.notes) json.text(note);
  json.end_array();
}

}  // namespace

std::string print_json(const Found& found, const Decoded& decoded) {
  const auto& report = found.report();
  Json json;
  json.begin_object().number("schema", kSchema).number("report", report.id);
  json.text("kind", name_of(report.kind)).text("arch", name_of(report.arch));
  json.flag("complete", report.complete).flag("truncated", report.truncated);
  if (report.dropped > 0) json.number("dropped", report.dropped);
  put_facts(json, report);
  put_taints(json, report);
  put_verdict(json, report, decoded);
  put_frames(json, report, decoded);
  put_code(json, decoded);
  put_modules(json, report);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace ringside::oops
