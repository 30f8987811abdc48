'use strict';
// A plugin of osls: what the options of a stage, `custom.options` in serverless.yml, change in the packaged template.
// Most of it concerns each function, role or alias: written here, no new one is forgotten.

const { alarms, dashboard, topicOf } = require('./alarms.cjs');

// The alias that the API calls.
const ALIAS = 'live';

// An option that can't be deployed. osls prints the stack of an error where there is one.
function refused(message) {
  return Object.assign(new Error(message), { stack: message });
}

// A whole number greater than 0; undefined where the option is empty.
function count(options, name) {
  const text = String(options[name] ?? '');
  if (text === '') return undefined;
  if (!/^[1-9][0-9]*$/.test(text)) throw refused(`${name}: ${text} is no whole number greater than 0`);
  return Number(text);
}

const functionOf = (alarm) => alarm.Dimensions.find(({ Name }) => Name === 'FunctionName')?.Value;

class Options {
  constructor(serverless) {
    this.serverless = serverless;
    this.provider = serverless.getProvider('aws');
    this.hooks = {
      'before:package:initialize': () => this.aliasFunctions(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.apply(),
    };
  }

  get options() {
    return this.serverless.service.custom.options;
  }

  get resources() {
    return this.serverless.service.provider.compiledCloudFormationTemplate.Resources;
  }

  // Those that the API calls.
  get apiFunctions() {
    const { service } = this.serverless;
    return service.getAllFunctions().filter((name) => service.getFunction(name).events.length > 0);
  }

  all(type) {
    return Object.entries(this.resources).filter(([, { Type }]) => Type === `AWS::${type}`);
  }

  // Only here, before the events are compiled: osls makes a route call what is the target then.
  aliasFunctions() {
    const { service } = this.serverless;
    if (this.options.canary && !this.options.versions) throw refused('canary: needs versions=true');
    if (!this.options.versions) return;
    for (const name of this.apiFunctions) {
      const logicalId = `${this.provider.naming.getNormalizedFunctionName(name)}Alias`;
      service.getFunction(name).targetAlias = { name: ALIAS, logicalId };
    }
  }

  apply() {
    const { tracing, alarms: alarmed, versions, canary, keyArn, domain } = this.options;
    const concurrency = count(this.options, 'reservedConcurrency');
    for (const [, { Properties }] of this.all('Lambda::Function')) {
      if (concurrency) Properties.ReservedConcurrentExecutions = concurrency;
    }
    if (tracing) this.allow('xray', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], '*');
    this.changeTable();
    if (keyArn) this.allow('key', 'kms:Decrypt', keyArn, ['lambda.amazonaws.com', 'pipes.amazonaws.com']);
    this.throttle();
    if (alarmed) this.addAlarms();
    if (versions) this.addAliases();
    if (canary) this.addCanary(canary);
    if (domain) this.addDomain();
  }

  // Gives each role for these services one statement more.
  allow(PolicyName, Action, Resource, services = ['lambda.amazonaws.com']) {
    for (const [, { Properties }] of this.all('IAM::Role')) {
      const { Service } = Properties.AssumeRolePolicyDocument.Statement[0].Principal;
      if (!services.includes(Service)) continue;
      const PolicyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] };
      Properties.Policies.push({ PolicyName, PolicyDocument });
    }
  }

  changeTable() {
    const { keyArn, events } = this.options;
    const reads = count(this.options, 'maxReadUnits');
    const writes = count(this.options, 'maxWriteUnits');
    if (!keyArn && !reads && !writes && !events) return;
    const [table] = this.all('DynamoDB::Table');
    if (!table) {
      // The functions need the right to use the key of that one, too.
      if (!reads && !writes && !events) return;
      throw refused('maxReadUnits, maxWriteUnits and events are for a table of the stack, and tableName names another');
    }
    const [, { Properties }] = table;
    if (events) Properties.StreamSpecification = { StreamViewType: 'NEW_AND_OLD_IMAGES' };
    if (reads || writes) {
      Properties.OnDemandThroughput = {
        ...(reads && { MaxReadRequestUnits: reads }),
        ...(writes && { MaxWriteRequestUnits: writes }),
      };
    }
    if (!keyArn) return;
    if (Properties.SSESpecification.SSEEnabled) throw refused('keyArn and managedKey=true are two keys for one table');
    Properties.SSESpecification = { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyArn };
  }

  throttle() {
    const rate = count(this.options, 'requestRate');
    const burst = count(this.options, 'requestBurst');
    const limits = { ...(burst && { ThrottlingBurstLimit: burst }), ...(rate && { ThrottlingRateLimit: rate }) };
    for (const [, { Properties }] of this.all('ApiGatewayV2::Stage')) {
      Properties.DefaultRouteSettings = { ...Properties.DefaultRouteSettings, ...limits };
    }
    if (!rate && !burst) return;
    // The stage of a REST API is a property of its deployment.
    for (const [, { Properties }] of this.all('ApiGateway::Deployment')) Properties.StageDescription = limits;
  }

  addAlarms() {
    const { service } = this.serverless;
    const { alarmEmail, alarmTopic } = this.options;
    if (alarmEmail && alarmTopic) throw refused('alarmEmail and alarmTopic: one of them is told');
    const [rest] = this.all('ApiGateway::RestApi');
    const stack = {
      name: service.custom.name,
      table: service.custom.table.name,
      functions: service.getAllFunctions(),
      apiFunctions: this.apiFunctions,
      pipe: this.options.events && service.custom.name,
      api: rest
        ? { dimensions: { ApiName: rest[1].Properties.Name }, serverErrors: '5XXError', clientErrors: '4XXError' }
        : { dimensions: { ApiId: { Ref: 'HttpApi' } }, serverErrors: '5xx', clientErrors: '4xx' },
      topic: alarmEmail ? { Ref: 'AlarmTopic' } : alarmTopic,
    };
    const topic = alarmEmail ? topicOf(stack.name, alarmEmail) : {};
    Object.assign(this.resources, topic, alarms(stack), { Dashboard: dashboard(stack) });
  }

  addAliases() {
    for (const [logicalId, { Properties }] of this.all('Lambda::Version')) {
      const functionId = Properties.FunctionName.Ref;
      const name = this.serverless.service
        .getAllFunctions()
        .find((candidate) => this.provider.naming.getLambdaLogicalId(candidate) === functionId);
      this.resources[this.serverless.service.getFunction(name).targetAlias.logicalId] = {
        Type: 'AWS::Lambda::Alias',
        Properties: {
          FunctionName: { Ref: functionId },
          FunctionVersion: { 'Fn::GetAtt': [logicalId, 'Version'] },
          Name: ALIAS,
        },
      };
    }
  }

  // CodeDeploy changes the weights of an alias while CloudFormation waits.
  addCanary(config) {
    const name = this.serverless.service.custom.name;
    const arn = (service, what) => ({
      'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${what}:${name}-*`,
    });
    const statements = [
      {
        Effect: 'Allow',
        Action: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
        Resource: arn('lambda', 'function'),
      },
      { Effect: 'Allow', Action: 'cloudwatch:DescribeAlarms', Resource: arn('cloudwatch', 'alarm') },
    ];
    this.resources.CanaryRole = {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: { 'Fn::Sub': `${name}-\${AWS::Region}-canary` },
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'codedeploy.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        },
        Policies: [{ PolicyName: 'canary', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
      },
    };
    this.resources.Canary = {
      Type: 'AWS::CodeDeploy::Application',
      Properties: { ApplicationName: name, ComputePlatform: 'Lambda' },
    };
    for (const [logicalId, alias] of this.all('Lambda::Alias')) {
      const { FunctionName } = this.resources[alias.Properties.FunctionName.Ref].Properties;
      // Those of the API, and those of this function: a group may have ten.
      const alarms = this.all('CloudWatch::Alarm')
        .filter(([, { Properties }]) => [FunctionName, undefined].includes(functionOf(Properties)))
        .map(([alarm]) => ({ Name: { Ref: alarm } }));
      const group = `${logicalId}Canary`;
      this.resources[group] = {
        Type: 'AWS::CodeDeploy::DeploymentGroup',
        Properties: {
          ApplicationName: { Ref: 'Canary' },
          ServiceRoleArn: { 'Fn::GetAtt': ['CanaryRole', 'Arn'] },
          DeploymentConfigName: `CodeDeployDefault.${config}`,
          DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
          AutoRollbackConfiguration: { Enabled: true, Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'] },
          ...(alarms.length > 0 && { AlarmConfiguration: { Enabled: true, Alarms: alarms } }),
        },
      };
      alias.UpdatePolicy = {
        CodeDeployLambdaAliasUpdate: { ApplicationName: { Ref: 'Canary' }, DeploymentGroupName: { Ref: group } },
      };
    }
  }

  addDomain() {
    const { domain, certificateArn } = this.options;
    if (!certificateArn) throw refused('domain: needs the certificateArn of a certificate for it');
    this.resources.Domain = {
      Type: 'AWS::ApiGatewayV2::DomainName',
      Properties: {
        DomainName: domain,
        DomainNameConfigurations: [{ CertificateArn: certificateArn, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' }],
      },
    };
    // A REST API has its stage from its deployment.
    const [deployment] = this.all('ApiGateway::Deployment');
    const api = deployment
      ? { ApiId: { Ref: 'ApiGatewayRestApi' }, Stage: deployment[1].Properties.StageName }
      : { ApiId: { Ref: 'HttpApi' }, Stage: { Ref: 'HttpApiStage' } };
    this.resources.DomainMapping = {
      Type: 'AWS::ApiGatewayV2::ApiMapping',
      ...(deployment && { DependsOn: deployment[0] }),
      Properties: { DomainName: { Ref: 'Domain' }, ...api },
    };
    const { Outputs } = this.serverless.service.provider.compiledCloudFormationTemplate;
    Outputs.DomainTarget = {
      Description: 'What the name of the domain has to lead to, as a CNAME or an alias',
      Value: { 'Fn::GetAtt': ['Domain', 'RegionalDomainName'] },
    };
  }
}

module.exports = Options;

// Variables of serverless.yml: where the notes are, and who vouches for the users.
const parameters = async ({ resolveVariable }, ...names) =>
  Promise.all(names.map((name) => resolveVariable(`param:${name}`)));

async function table(variables) {
  const [name] = await parameters(variables, 'tableName');
  if (name === '') {
    return {
      name: '${self:custom.name}',
      arn: { 'Fn::GetAtt': ['NotesTable', 'Arn'] },
      indexArn: { 'Fn::Sub': '${NotesTable.Arn}/index/byChange' },
      resources: '${file(./table.yml)}',
    };
  }
  const arn = `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${name}`;
  return {
    name,
    arn: { 'Fn::Sub': arn },
    indexArn: { 'Fn::Sub': `${arn}/index/byChange` },
    resources: { Outputs: { TableName: { Value: name } } },
  };
}

async function users(variables) {
  const [issuer, audience, api] = await parameters(variables, 'issuer', 'audience', 'api');
  if (issuer === '' && audience === '') {
    return {
      issuer: { 'Fn::Sub': 'https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}' },
      audience: { Ref: 'UserPoolClient' },
      resources: '${file(./users.yml)}',
    };
  }
  if (issuer === '' || audience === '') throw refused('issuer and audience: one is of no use without the other');
  if (!issuer.startsWith('https://')) throw refused(`issuer: ${issuer} does not start with https://`);
  if (api !== 'http') throw refused('issuer: with api=rest, only a user pool of Cognito can vouch for users');
  return { issuer, audience, resources: {} };
}

// The change feed, if there is one.
async function feed(variables) {
  const [events] = await parameters(variables, 'events');
  if (events === '') return { functions: {}, resources: {} };
  if (!['true', 'contents'].includes(events)) throw refused(`events: ${events} is neither true nor contents`);
  return { functions: '${file(./events.yml):functions}', resources: '${file(./events.yml):resources}' };
}

async function eventContents(variables) {
  const [events] = await parameters(variables, 'events');
  return String(events === 'contents');
}

// Where nothing else is said, what may be lost raises no alarm.
async function alarmed(variables) {
  const [said, development] = await parameters(variables, 'alarms', 'development');
  if (!['', 'true', 'false'].includes(said)) throw refused(`alarms: ${said} is neither true nor false`);
  return (said || String(development !== 'true')) === 'true';
}

Object.assign(module.exports, { table, users, feed, eventContents, alarmed });
