"""Result lines (docs/results.md) from Python: what verdict/measure writes."""
import json
import os
import sys


def processor():
    with open('/proc/cpuinfo') as file:
        for line in file:
            if line.startswith('model name'):
                return line.split(': ', 1)[1].strip()
    return 'unknown'


def put(service, placement, operation, metric, unit, value, kernel='any', accelerator='native',
        machine='any', **parameters):
    print(json.dumps({
        'schema': 1, 'service': service, 'placement': placement, 'operation': operation,
        'parameters': parameters, 'kernel': kernel, 'build_id': '', 'machine': machine,
        'accelerator': accelerator, 'metric': metric, 'unit': unit, 'samples': [value],
        'median': value, 'spread': 0, 'peer': None,
        'command': os.environ.get('RINGSIDE_COMMAND', ' '.join(sys.argv)),
        'commit': os.environ.get('RINGSIDE_COMMIT', 'unknown')}), flush=True)
