#!/usr/bin/env python3
"""The report in a real browser: browser.py CHROMIUM PAGE [SCREENSHOTS]

Opens the page in headless Chromium, wide and as a phone, light and dark, and on paper. Prints a line a
check, "ok WHAT" or "not ok WHAT: why"; leaves pictures in SCREENSHOTS. Talks to the browser through two
pipes, in the DevTools protocol.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PHONE, WIDE = 390, 1280
# Everything that somebody can follow, open or look at needs a name.
NAMED = {'link', 'button', 'image', 'region', 'table', 'heading', 'DisclosureTriangle', 'img',
         'graphics-document'}


class Browser:
    def __init__(self, program, profile):
        to_read, to_write = os.pipe(), os.pipe()
        os.set_inheritable(to_read[0], True)
        os.set_inheritable(to_write[1], True)
        # The browser reads from descriptor 3 and writes to 4.
        self.process = subprocess.Popen(
            ['/bin/sh', '-c', f'exec "$@" 3<&{to_read[0]} 4>&{to_write[1]}', 'sh', program,
             '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--no-first-run', f'--user-data-dir={profile}', '--remote-debugging-pipe', 'about:blank'],
            close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read[0])
        os.close(to_write[1])
        self.out, self.into = os.fdopen(to_read[1], 'wb', 0), os.fdopen(to_write[0], 'rb')
        self.count, self.events, self.session, self.rest = 0, [], None, b''

    def read(self):
        while b'\0' not in self.rest:
            more = self.into.read1(65536)
            if not more:
                sys.exit('browser.py: the browser has ended')
            self.rest += more
        message, self.rest = self.rest.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.count += 1
        message = {'id': self.count, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        self.out.write(json.dumps(message).encode() + b'\0')
        while True:
            answer = self.read()
            if answer.get('id') == self.count:
                if 'error' in answer:
                    sys.exit(f"browser.py: {method}: {answer['error']}")
                return answer['result']
            self.events.append(answer)

    def attach(self):
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network', 'Accessibility'):
            self.call(domain + '.enable')

    def open(self, url):
        self.call('Page.navigate', url=url)
        while not any(event.get('method') == 'Page.loadEventFired' for event in self.events):
            self.events.append(self.read())

    def value(self, expression):
        return self.call('Runtime.evaluate', expression=expression, returnByValue=True)['result'].get(
            'value')

    def all(self, method):
        return [event['params'] for event in self.events if event.get('method') == method]

    def look(self, width, scheme, path=None):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=1000,
                  deviceScaleFactor=2 if width == PHONE else 1, mobile=width == PHONE)
        self.call('Emulation.setEmulatedMedia',
                  features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        if path:
            picture = self.call('Page.captureScreenshot', format='png')['data']
            pathlib.Path(path).write_bytes(base64.b64decode(picture))
        return self.value('getComputedStyle(document.body).backgroundColor')

    def end(self):
        self.out.close()
        self.process.kill()
        self.process.wait()


FAILED = False


def check(what, fine, why=''):
    global FAILED
    FAILED = FAILED or not fine
    print(f"ok {what}" if fine else f"not ok {what}: {why}")


def brightness(colour):
    return sum(int(part) for part in colour[colour.index('(') + 1:-1].split(',')[:3])


def check_loading(browser, url):
    asked = [event['request']['url'] for event in browser.all('Network.requestWillBeSent')]
    foreign = [each for each in asked if each != url and not each.startswith('data:')]
    check('it loads nothing but itself', url in asked and not foreign, foreign)
    check('nothing is said on the console',
          not browser.all('Runtime.consoleAPICalled') and not browser.all('Log.entryAdded') and
          not browser.all('Runtime.exceptionThrown'), browser.all('Log.entryAdded')[:3])


def check_content(browser):
    check('it has a section a service', browser.value(
        'document.querySelectorAll("section h2").length === '
        'new Set([...document.querySelectorAll("main table tbody th a")].map(a => a.hash)).size'))
    check('each link of the table leads to its section', browser.value(
        '[...document.querySelectorAll("a[href^=\\"#\\"]")].every(a => document.querySelector(a.hash))'))
    check('it has plots, with lines in them', browser.value(
        '[...document.querySelectorAll("figure svg")].every(svg => svg.querySelector("path.line"))'))
    tree = browser.call('Accessibility.getFullAXTree')['nodes']
    nameless = [node['role']['value'] for node in tree
                if not node.get('ignored') and node.get('role', {}).get('value') in NAMED and
                not node.get('name', {}).get('value', '').strip()]
    check('everything that needs a name has one', not nameless, nameless[:5])
    check('no id is there twice', browser.value(
        'new Set([...document.querySelectorAll("[id]")].map(e => e.id)).size === '
        'document.querySelectorAll("[id]").length'))


def check_looks(browser, pictures):
    def path(name):
        return os.path.join(pictures, name) if pictures else None

    light = browser.look(WIDE, 'light', path('light.png'))
    dark = browser.look(WIDE, 'dark', path('dark.png'))
    check('light and dark as its reader prefers', brightness(light) > 600 > 150 > brightness(dark),
          f'{light}, {dark}')
    for scheme in ('light', 'dark'):
        browser.look(PHONE, scheme, path(f'phone-{scheme}.png'))
        wide = browser.value('document.documentElement.scrollWidth')
        check(f'a phone shows it without scrolling sideways, {scheme}', wide <= PHONE, f'{wide} pixels')
    small = browser.value('Math.min(...[...document.querySelectorAll("summary,a,td,dd,li")]'
                          '.map(e => parseFloat(getComputedStyle(e).fontSize)))')
    check('no text on it is smaller than 12 pixels', small >= 12, small)
    if pictures:
        browser.value('document.querySelector("section").scrollIntoView()')
        browser.look(PHONE, 'light', path('phone-section.png'))
        browser.look(WIDE, 'light', path('section.png'))


def check_paper(browser, pictures):
    browser.call('Emulation.setEmulatedMedia', media='print')
    shown = browser.value('[...document.querySelectorAll("details table")].every(e => '
                          'e.getBoundingClientRect().height > 0 || e.closest("details").open)')
    paper = base64.b64decode(browser.call('Page.printToPDF')['data'])
    check('it can be printed, with all that is folded', paper[:5] == b'%PDF-' and shown)
    if pictures:
        pathlib.Path(pictures, 'paper.pdf').write_bytes(paper)


def main():
    program, page = sys.argv[1:3]
    pictures = sys.argv[3] if len(sys.argv) > 3 else None
    url = pathlib.Path(page).resolve().as_uri()
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        browser.attach()
        browser.open(url)
        check_content(browser)
        check_looks(browser, pictures)
        check_paper(browser, pictures)
        check_loading(browser, url)
        browser.end()
    sys.exit(FAILED)


main()
