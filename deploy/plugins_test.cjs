'use strict';
// Tests of the plugins of osls beside it, without osls and without AWS: run by deploy/lint.
const assert = require('node:assert/strict');
const { createRequire } = require('node:module');
const path = require('node:path');
const { test } = require('node:test');
const { corsOrigins } = require('./build-functions.cjs');
const Guard = require('./guard.cjs');
const Options = require('./options.cjs');

const ofOsls = createRequire(path.join(__dirname, 'node_modules', 'osls', 'package.json'));

const originsOf = (api, origins) => {
  const parameters = { 'param:api': api, 'param:corsOrigins': origins };
  return corsOrigins({ resolveVariable: async (name) => parameters[name] });
};

test('an origin has a * only where what handles CORS understands it', async () => {
  for (const [api, origins] of [
    ['http', '*'],
    ['http', 'http://*, https://*'],
    ['http', 'https://notes.example, http://localhost:5173'],
    ['rest', '*'],
    ['rest', 'https://notes.example, http://localhost:*'],
  ]) {
    assert.deepEqual(await originsOf(api, origins), origins.split(', '), `${api}: ${origins}`);
  }
  for (const [api, origins, refused] of [
    ['http', 'https://notes.example, http://localhost:*', 'http://localhost:*'],
    ['http', 'https://*.notes.example', 'https://*.notes.example'],
    ['http', 'ftp://*', 'ftp://*'],
    ['rest', 'https://notes.example, https://*', 'https://*'],
    ['rest', 'https://*:*', 'https://*:*'],
    ['rest', 'https://*.notes.example', 'https://*.notes.example'],
  ]) {
    await assert.rejects(originsOf(api, origins), ({ message }) => {
      assert.ok(message.startsWith(`corsOrigins: no page has the origin ${refused}. With api=${api},`), message);
      return true;
    });
  }
});

// A guard of a stack whose resources CloudFormation lists in these pages.
function guardOf(pages) {
  const sdk = ofOsls('@aws-sdk/client-cloudformation');
  class Paged extends sdk.CloudFormationClient {
    async send({ input: { StackName, NextToken = '0' } }) {
      assert.equal(StackName, 'notes-test');
      const next = Number(NextToken) + 1;
      const StackResourceSummaries = pages[Number(NextToken)];
      return { StackResourceSummaries, NextToken: next < pages.length ? String(next) : undefined };
    }
  }
  const Resources = {
    NotesTable: { Type: 'AWS::DynamoDB::Table', Properties: { DeletionProtectionEnabled: true } },
    UserPool: { Type: 'AWS::Cognito::UserPool', Properties: { DeletionProtection: 'ACTIVE' } },
    GetNoteRole: { Type: 'AWS::IAM::Role', Properties: {} },
  };
  const provider = { compiledCloudFormationTemplate: { Resources } };
  const serverless = {
    service: { custom: {}, provider },
    getProvider: () => ({ naming: { getStackName: () => 'notes-test' } }),
  };
  const guard = new Guard(serverless, {});
  guard.client = async () => [new Paged({ region: 'eu-central-1' }), sdk];
  guard.boundaryOf = async (role) => `the boundary of ${role}`;
  return { guard, Resources };
}

const resource = (LogicalResourceId, ResourceType, ResourceStatus = 'CREATE_COMPLETE') => ({
  LogicalResourceId,
  ResourceType,
  ResourceStatus,
  PhysicalResourceId: `physical ${LogicalResourceId}`,
});
const others = Array.from({ length: 100 }, (_, number) => resource(`Other${number}`, 'AWS::Lambda::Permission'));

test('what is there keeps its protection and its boundary, on whatever page it is listed', async () => {
  const { guard, Resources } = guardOf([
    others,
    [resource('NotesTable', 'AWS::DynamoDB::Table'), resource('GetNoteRole', 'AWS::IAM::Role')],
    [resource('UserPool', 'AWS::Cognito::UserPool', 'DELETE_COMPLETE')],
  ]);
  await guard.compareWithWhatIsThere();
  assert.equal(Resources.NotesTable.Properties.DeletionProtectionEnabled, true);
  assert.equal(Resources.UserPool.Properties.DeletionProtection, 'INACTIVE');
  assert.equal(Resources.GetNoteRole.Properties.PermissionsBoundary, 'the boundary of physical GetNoteRole');
});

// What serverless.yml says, and the least of a template that options are written into.
const DEFAULTS = { api: 'http', tableName: '', events: '', issuer: '', audience: '', alarms: '', development: 'false' };
const ASKED = { alarms: false, tracing: false, versions: false, reservedConcurrency: '', requestRate: '', requestBurst: '' };

async function withOptions(asked) {
  const variables = { resolveVariable: async (name) => ({ ...DEFAULTS, ...asked })[name.replace('param:', '')] };
  const { resources } = await Options.table(variables);
  await Options.users(variables);
  await Options.feed(variables);
  const table = { Type: 'AWS::DynamoDB::Table', Properties: { SSESpecification: { SSEEnabled: asked.managedKey === 'true' } } };
  const Resources = typeof resources === 'string' ? { NotesTable: table } : {};
  const options = { ...ASKED, ...asked, alarms: asked.alarms !== undefined && (await Options.alarmed(variables)) };
  const serverless = {
    service: {
      custom: { name: 'notes-test', table: {}, options },
      provider: { compiledCloudFormationTemplate: { Resources, Outputs: {} } },
      getAllFunctions: () => ['get-note'],
      getFunction: () => ({ events: [{}] }),
    },
    getProvider: () => ({}),
  };
  const plugin = new Options(serverless);
  plugin.aliasFunctions();
  plugin.apply();
  return Resources;
}

test('options that contradict each other are refused', async () => {
  const issuer = 'https://login.example.org/';
  const keyArn = 'arn:aws:kms:eu-central-1:123456789012:key/1';
  for (const [asked, said] of [
    [{ issuer }, 'one is of no use without the other'],
    [{ audience: 'notes' }, 'one is of no use without the other'],
    [{ issuer: 'login.example.org', audience: 'notes' }, 'does not start with https://'],
    [{ issuer, audience: 'notes', api: 'rest' }, 'only a user pool of Cognito'],
    [{ reservedConcurrency: '0' }, 'no whole number greater than 0'],
    [{ requestRate: 'many' }, 'no whole number greater than 0'],
    [{ maxReadUnits: '1.5' }, 'no whole number greater than 0'],
    [{ tableName: 'notes-restored', keyArn, events: 'true' }, 'are for a table of the stack'],
    [{ tableName: 'notes-restored', maxWriteUnits: '5' }, 'are for a table of the stack'],
    [{ managedKey: 'true', keyArn }, 'two keys for one table'],
    [{ canary: 'LambdaCanary10Percent5Minutes' }, 'needs versions=true'],
    [{ domain: 'notes.example.org' }, 'needs the certificateArn'],
    [{ alarms: 'perhaps' }, 'neither true nor false'],
    [{ events: 'perhaps' }, 'neither true nor contents'],
    [{ events: 'true', tableName: 'notes-restored' }, 'are for a table of the stack'],
    [{ alarms: 'true', alarmEmail: 'ops@example.org', alarmTopic: 'arn:aws:sns:eu-central-1:123456789012:ops' }, 'one of them is told'],
  ]) {
    await assert.rejects(withOptions(asked), ({ message }) => {
      assert.ok(message.includes(said), `${JSON.stringify(asked)}: ${message}`);
      return true;
    });
  }
  assert.deepEqual(Object.keys(await withOptions({ issuer, audience: 'notes', tableName: 'notes-restored' })), []);
  assert.deepEqual(Object.keys(await withOptions({ keyArn, tableName: 'notes-restored' })), []);
  const { NotesTable } = await withOptions({ keyArn, maxReadUnits: '100' });
  assert.deepEqual(NotesTable.Properties, {
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyArn },
    OnDemandThroughput: { MaxReadRequestUnits: 100 },
  });
});

test('a stage has alarms unless it is for development, or says otherwise', async () => {
  for (const [alarms, development, expected] of [['', 'false', true], ['', 'true', false], ['true', 'true', true], ['false', 'false', false]]) {
    const parameters = { 'param:alarms': alarms, 'param:development': development };
    assert.equal(await Options.alarmed({ resolveVariable: async (name) => parameters[name] }), expected);
  }
});
