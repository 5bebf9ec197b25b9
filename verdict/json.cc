#include "verdict/verdict.hh"

namespace ringside::verdict {
namespace {

using nlohmann::json;

json figure_json(const Figure& figure) {
  return {{"what", figure.what},
          {"side", figure.side},
          {"value", figure.value},
          {"spread", figure.spread},
          {"unit", figure.unit},
          {"kernel", figure.kernel},
          {"machine", figure.machine},
          {"accelerator", figure.accelerator},
          {"peer", figure.peer.empty() ? json() : json(figure.peer)},
          {"command", figure.command}};
}

json matrix_json(const Matrix& matrix) {
  json symbols = json::object();
  for (const auto& [name, across] : matrix.symbols) {
    json row = {{"change", to_text(change_of(across))}, {"kernels", json::array()}};
    for (const auto& symbol : across)
      row["kernels"].push_back({{"crc", symbol.crc},
                                {"prototype", symbol.prototype},
                                {"exported", symbol.exported},
                                {"imported", symbol.imported}});
    symbols[name] = std::move(row);
  }
  return {{"kernels", matrix.kernels}, {"symbols", std::move(symbols)}};
}

json point_json(const Point& point) {
  json value = {{"point", point.name},      {"side", to_text(point.side)},
                {"reasons", point.reasons}, {"changes", point.changes},
                {"missing", point.missing}, {"figures", json::array()}};
  for (const auto& figure : point.figures) value["figures"].push_back(figure_json(figure));
  if (!point.matrix.kernels.empty()) value["matrix"] = matrix_json(point.matrix);
  if (!point.calls.empty()) value["calls"] = point.calls;
  if (!point.files.empty()) value["files"] = point.files;
  return value;
}

}  // namespace

json to_json(const Verdict& verdict) {
  json value = {{"service", verdict.service},
                {"kernel", verdict.kernel},
                {"recommendation", to_text(verdict.recommendation)},
                {"provisional", verdict.provisional},
                {"reasons", verdict.reasons},
                {"changes", verdict.changes},
                {"missing", verdict.missing},
                {"points", json::array()}};
  for (const auto& point : verdict.points) value["points"].push_back(point_json(point));
  return value;
}

}  // namespace ringside::verdict
