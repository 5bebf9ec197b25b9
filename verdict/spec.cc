#include "verdict/spec.hh"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace ringside::verdict {
namespace {

using nlohmann::json;

struct Malformed {
  std::string what;
};

// Members of one object; what was not asked for when all are read is a fault, so that a misspelt
// word does not pass for an absent one.
class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throw Malformed{where_ + ": expected an object"};
  }

  template <class T>
  T get(const char* name) {
    names_.push_back(name);
    auto found = object_.find(name);
    if (found == object_.end()) throw Malformed{fmt::format("{}: no \"{}\"", where_, name)};
    return converted<T>(*found, name);
  }
  template <class T>
  T get(const char* name, T otherwise) {
    return object_.contains(name) ? get<T>(name) : otherwise;
  }
  void finish() const {
    for (const auto& [name, value] : object_.items())
      if (std::find(names_.begin(), names_.end(), name) == names_.end())
        throw Malformed{fmt::format("{}: \"{}\" is not known", where_, name)};
  }

 private:
  template <class T>
  T converted(const json& value, const char* name) const try {
    return value.get<T>();
  } catch (const json::exception&) {
    throw Malformed{fmt::format("{}: \"{}\" is not of its type: {}", where_, name, value.dump())};
  }

  const json& object_;
  std::string where_;
  std::vector<std::string> names_;
};

Selector selector_of(const json& value, const std::string& where, const std::string& service) {
  Reader reader(value, where);
  Selector selector{reader.get<std::string>("service", service),
                    reader.get<std::string>("placement", ""), reader.get<std::string>("operation"),
                    reader.get<json>("parameters", json::object())};
  reader.finish();
  return selector;
}

Pair pair_of(const json& value, const std::string& service) {
  auto where = service + ", a pair";
  Reader reader(value, where);
  Pair pair;
  pair.what = reader.get<std::string>("what");
  where = fmt::format("{}, {}", service, pair.what);
  pair.unit = reader.get<std::string>("unit");
  pair.accelerator = reader.get<std::string>("accelerator");
  pair.size = reader.get<std::string>("size", "");
  pair.rate = reader.get<double>("rate");
  pair.why = reader.get<std::string>("why");
  pair.user = selector_of(reader.get<json>("user"), where + ", user", service);
  pair.kernel = selector_of(reader.get<json>("kernel"), where + ", kernel", service);
  auto stock = reader.get<json>("stock", json());
  if (!stock.is_null()) pair.stock = selector_of(stock, where + ", stock", service);
  reader.finish();
  return pair;
}

Service service_of(const json& value) {
  Reader reader(value, "a service");
  Service service;
  service.name = reader.get<std::string>("name");
  service.title = reader.get<std::string>("title");
  service.bench = reader.get<std::string>("bench");
  service.modules = reader.get<std::vector<std::string>>("modules");
  service.glue = reader.get<std::map<std::string, std::vector<std::string>>>("glue");
  service.before_root = reader.get<bool>("before_root");
  for (const auto& pair : reader.get<json>("pairs"))
    service.pairs.push_back(pair_of(pair, service.name));
  reader.get<json>("probes", json());  // what the measuring of calls and faults runs
  reader.finish();
  return service;
}

Thresholds thresholds_of(const json& value) {
  Reader reader(value, "thresholds");
  Thresholds thresholds;
  for (auto [name, field] : {std::pair{"cost_ratio", &thresholds.cost_ratio},
                             {"cpu_share", &thresholds.cpu_share},
                             {"instructions_per_second", &thresholds.instructions_per_second},
                             {"branch_ratio", &thresholds.branch_ratio},
                             {"changed_share", &thresholds.changed_share},
                             {"files_more", &thresholds.files_more},
                             {"back_seconds", &thresholds.back_seconds},
                             {"least_points", &thresholds.least_points}})
    *field = reader.get<double>(name);
  reader.finish();
  return thresholds;
}

Spec spec_of(const json& value) {
  Reader reader(value, "the file");
  Spec spec;
  spec.thresholds = thresholds_of(reader.get<json>("thresholds"));
  spec.kernels = reader.get<std::vector<std::string>>("kernels");
  for (const auto& service : reader.get<json>("services"))
    spec.services.push_back(service_of(service));
  reader.finish();
  return spec;
}

}  // namespace

const Service* Spec::find(const std::string& name) const {
  auto found = std::find_if(services.begin(), services.end(),
                            [&](const Service& service) { return service.name == name; });
  return found == services.end() ? nullptr : &*found;
}

Outcome<Spec> parse_spec(const std::string& text, const std::string& path) try {
  return spec_of(json::parse(text));
} catch (const Malformed& fault) {
  return Failure{fmt::format("{}: {}", path, fault.what)};
} catch (const json::exception& error) {
  return Failure{fmt::format("{}: not JSON: {}", path, error.what())};
}

Outcome<Spec> read_spec(const std::string& path) {
  std::ifstream file(path);
  if (!file) return system_failure("open", path);
  return parse_spec(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

}  // namespace ringside::verdict
