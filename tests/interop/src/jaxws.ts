/** The ITI-43 peers of tests/interop/peers/jaxws, compiled once: JAX-WS RI of Debian's libjaxws-java on the JDK, none of our code. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const JARS = '/usr/share/java';
const PEERS = fileURLToPath(new URL('../peers/jaxws', import.meta.url));
const WSDL = fileURLToPath(new URL('../../data/iti43/ipf/wsdl/iti43.wsdl', import.meta.url));
const NAMES =
  'jaxws-tools jaxws-rt jaxws-api jaxws-ri-runtime jaxb-api jaxb-core jaxb-impl jaxb-runtime jaxb-xjc jaxb-jxc stax-ex streambuffer saaj-impl ' +
  'javax.xml.soap-api mimepull gmbal metro-policy javax.activation xml-resolver istack-commons-runtime istack-commons-tools FastInfoset txw2 rngom ' +
  'xsom dtd-parser relaxngDatatype codemodel geronimo-annotation-1.3-spec glassfish-management-api glassfish-pfl-basic glassfish-pfl-tf ' +
  'glassfish-pfl-dynamic glassfish-pfl-asm jws-api';
const LIBRARIES = NAMES.split(' ').map((name) => join(JARS, `${name}.jar`));

/** Whether to skip: on a laptop without them. In CI their absence is a failure. */
export const jaxwsIsMissing = !existsSync(join(JARS, 'jaxws-rt.jar')) && process.env['CI'] === undefined;

/**
 * Makes classes from the WSDL (`wsimport`) and compiles the peers.
 * @param folder - empty, of this call alone
 * @returns arguments for `java`, the name of a peer follows
 */
export async function compileJaxwsPeers(folder: string): Promise<readonly string[]> {
  const [sources, classes] = [join(folder, 'sources'), join(folder, 'classes')];
  await mkdir(sources, { recursive: true });
  await mkdir(classes);
  const path = LIBRARIES.join(':');
  const wsimport = [
    '-cp',
    path,
    'com.sun.tools.ws.WsImport',
    '-quiet',
    '-extension',
    '-Xnocompile',
    '-d',
    sources,
    WSDL,
  ];
  await run('java', wsimport);
  const files = (await readdir(sources, { recursive: true })).map((name) => join(sources, name));
  const peers = (await readdir(PEERS)).map((name) => join(PEERS, name));
  const java = [...files, ...peers].filter((name) => name.endsWith('.java'));
  await run('javac', ['-nowarn', '-proc:none', '-d', classes, '-cp', path, ...java], { maxBuffer: 16 * 1024 * 1024 });
  return ['-cp', `${classes}:${path}`];
}
